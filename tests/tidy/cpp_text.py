"""C++ source with comments and literals blanked, so that a search finds code and nothing else."""
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)


def code_only(text, keep_strings=False):
    """Same length and same line breaks; what was a comment or a literal is spaces."""
    def blank(match):
        piece = match.group(0)
        if keep_strings and not piece.startswith("/"):
            return piece
        return re.sub(r"[^\n]", " ", piece)
    return TOKEN.sub(blank, text)
