"""The citizen's side: the door for every way in, the conversation, the public pages, and their processes."""
