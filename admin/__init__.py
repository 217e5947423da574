"""The staff's side: sign-in, inbox and reply, response times, and the ``aduan`` command."""
