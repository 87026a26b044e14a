"""Reports get passed on: what they show of commands and options has no password in it."""

HIDDEN = "***"


def hide(command):
    """The words of a command, those that are passwords hidden."""
    shown = []
    for before, word in zip([None, *command], command):
        name, mark, _ = word.partition("=")
        if before == "--password":
            word = HIDDEN
        elif mark and name.endswith("-password") or word.startswith("--password="):
            word = f"{name}={HIDDEN}"
        shown.append(word)
    return shown
