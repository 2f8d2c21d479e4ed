"""The text of .nk and .gizmo files, read strictly: commands of words, as TCL splits them.

Written apart from the plugin's writer, so that one can be wrong without the other. The stack rules
(top of the stack is input 0) are those of maxWiklund/nuke_parser and of public scripts.
"""

_ESCAPES = {"n": "\n", "t": "\t"}


class GrammarError(Exception):
    """What Nuke could not read."""


class Word(str):
    """kind: "bare", "quoted" or "braced"."""

    kind = "bare"

    def __new__(cls, text, kind):
        word = super().__new__(cls, text)
        word.kind = kind
        return word


def commands(text):
    """Each command's words; a command ends at the end of its line, outside braces."""
    line, words, at = 1, [], 0
    while at < len(text):
        letter = text[at]
        if letter == "\n" or letter == ";":
            if words:
                yield words
            words, at, line = [], at + 1, line + (letter == "\n")
        elif letter.isspace():
            at += 1
        elif letter == "#" and not words:
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            word, end = _word(text, at, line)
            line += text.count("\n", at, end)
            at = end
            words.append(word)
    if words:
        yield words


def split(text, runs=False):
    """The words of a list, over any number of lines. runs: TCL in quotes would be run."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _word(text, at, int(runs))
        found.append(word)
    return found


def _word(text, at, line):
    if text[at] == "{":
        return _braced(text, at, line)
    if text[at] == '"':
        return _quoted(text, at, line)
    if text[at] in "}]":
        raise GrammarError("line {}: {} closes nothing".format(line, text[at]))
    end, depth, found = at, 0, []
    while end < len(text) and (depth or not text[end].isspace()) and text[end] != "\n":
        letter = text[end]
        if letter == "\\" and end + 1 < len(text):
            found.append(_ESCAPES.get(text[end + 1], text[end + 1]))
            end += 2
            continue
        depth += (letter == "[") - (letter == "]")
        if letter in '{"' and not depth:
            raise GrammarError("line {}: {} inside a bare word".format(line, letter))
        if letter == "}" and not depth:
            raise GrammarError("line {}: a brace closes nothing".format(line))
        found.append(letter)
        end += 1
    if depth:
        raise GrammarError("line {}: unbalanced brackets".format(line))
    return Word("".join(found), "bare"), end


def _braced(text, at, line):
    depth, end = 0, at
    while end < len(text):
        letter = text[end]
        if letter == "\\":
            end += 2
            continue
        depth += (letter == "{") - (letter == "}")
        end += 1
        if not depth:
            if end < len(text) and not text[end].isspace() and text[end] not in "}]":
                raise GrammarError("line {}: extra characters after a brace".format(line))
            return Word(text[at + 1 : end - 1], "braced"), end
    raise GrammarError("line {}: a brace is never closed".format(line))


def _quoted(text, at, line):
    end, found = at + 1, []
    while end < len(text):
        letter = text[end]
        if letter == "\\" and end + 1 < len(text):
            found.append(_ESCAPES.get(text[end + 1], text[end + 1]))
            end += 2
        elif letter == '"':
            if end + 1 < len(text) and not text[end + 1].isspace() and text[end + 1] != "}":
                raise GrammarError("line {}: extra characters after a quote".format(line))
            return Word("".join(found), "quoted"), end + 1
        elif letter in "[$" and line:
            raise GrammarError("line {}: {} is not escaped and would run".format(line, letter))
        else:
            found.append(letter)
            end += 1
    raise GrammarError("line {}: a quote is never closed".format(line))


def quote(text):
    """Text as one word of a saved script."""
    if text and all(letter.isalnum() or letter in "_.+-/:%#" for letter in text):
        return text
    for plain in ("\\", '"', "[", "$", "{", "}"):
        text = text.replace(plain, "\\" + plain)
    return '"{}"'.format(text.replace("\n", "\\n"))
