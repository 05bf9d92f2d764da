"""What goes wrong in a meeting."""


class MeetingError(Exception):
    """What went wrong, as one sentence for the person at the terminal."""
