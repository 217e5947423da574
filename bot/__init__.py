"""The citizen's side: the door for every way in, the conversation, the public pages, and the processes that run them.
"""
