"""The expressions that our gizmos use: arithmetic over knobs, and TCL in the text of a knob."""

import math
import os
import re

_TOKEN = re.compile(r"\s*(\d+\.?\d*|\.\d+|[A-Za-z_]\w*(?:\.\w+)*|&&|\|\||[<>=!]=|[-+*/<>!?:(),%])")
_FUNCTIONS = {
    "max": max, "min": min, "ceil": math.ceil, "floor": math.floor, "abs": abs,
    "int": int, "rint": round, "clamp": lambda v, a=0, b=1: max(a, min(b, v)),
}  # fmt: skip
_BINARY = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


class ExpressionError(Exception):
    """Nuke shows the knob in red and the node in error."""


def evaluate(text, look_up):
    """A number. look_up(dotted name) -> number."""
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ExpressionError("cannot read " + text[at:])
        tokens.append(found.group(1))
        at = found.end()
    value, rest = _choice(tokens, look_up)
    if rest:
        raise ExpressionError("nothing expected after " + text)
    return float(value)


def _choice(tokens, look_up):
    value, tokens = _binary(tokens, look_up, 0)
    if tokens and tokens[0] == "?":
        yes, tokens = _choice(tokens[1:], look_up)
        if not tokens or tokens[0] != ":":
            raise ExpressionError("? without :")
        no, tokens = _choice(tokens[1:], look_up)
        return (yes if value else no), tokens
    return value, tokens


def _binary(tokens, look_up, level):
    if level == len(_BINARY):
        return _unary(tokens, look_up)
    left, tokens = _binary(tokens, look_up, level + 1)
    while tokens and tokens[0] in _BINARY[level]:
        sign = tokens[0]
        right, tokens = _binary(tokens[1:], look_up, level + 1)
        left = _apply(sign, left, right)
    return left, tokens


def _apply(sign, a, b):
    return {
        "||": lambda: float(bool(a or b)), "&&": lambda: float(bool(a and b)),
        "==": lambda: float(a == b), "!=": lambda: float(a != b),
        "<": lambda: float(a < b), ">": lambda: float(a > b),
        "<=": lambda: float(a <= b), ">=": lambda: float(a >= b),
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
        "/": lambda: a / b, "%": lambda: math.fmod(a, b),
    }[sign]()  # fmt: skip


def _unary(tokens, look_up):
    if not tokens:
        raise ExpressionError("it ends too early")
    head, rest = tokens[0], tokens[1:]
    if head in "-!":
        value, rest = _unary(rest, look_up)
        return (-value if head == "-" else float(not value)), rest
    if head == "(":
        value, rest = _choice(rest, look_up)
        if not rest or rest[0] != ")":
            raise ExpressionError("( without )")
        return value, rest[1:]
    if head[0].isdigit() or head[0] == ".":
        return float(head), rest
    if rest and rest[0] == "(":
        return _call(head, rest[1:], look_up)
    return look_up(head), rest


def _call(name, tokens, look_up):
    if name not in _FUNCTIONS:
        raise ExpressionError("unknown function " + name)
    given = []
    while tokens and tokens[0] != ")":
        value, tokens = _choice(tokens, look_up)
        given.append(value)
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return _FUNCTIONS[name](*given), tokens[1:]


def curve(words):
    """[(frame, value, interpolation)] of `curve K x1 0 x5 1`; K is constant, else linear here."""
    keys, kind, frame = [], "", None
    for word in words:
        if re.match(r"x-?[\d.]+$", word):
            frame = float(word[1:])
        elif word.isalpha():
            kind = word
        else:
            frame = 1.0 if frame is None else frame
            keys.append((frame, float(word), kind))
            frame += 1
    return keys


def curve_at(keys, frame):
    """Held before the first key and after the last."""
    before = None
    for key in keys:
        if key[0] > frame:
            if before is None:
                return key[1]
            if before[2] == "K":
                return before[1]
            share = (frame - before[0]) / (key[0] - before[0])
            return before[1] + (key[1] - before[1]) * share
        before = key
    return keys[-1][1]


def substitute(text, look_up):
    """Text with its [commands] run: value, knob, file, format. look_up(name) -> text."""
    while "[" in text:
        start = text.rindex("[")
        end = text.index("]", start)
        text = text[:start] + _command(text[start + 1 : end].split(), look_up) + text[end + 1 :]
    return text


def _command(words, look_up):
    if words[0] in ("value", "knob") and len(words) == 2:
        return look_up(words[1])
    if words[0] == "file" and len(words) == 3:
        path = words[2]
        if words[1] == "dirname":
            return os.path.dirname(path) or "."
        if words[1] == "tail":
            return os.path.basename(path)
    if words[0] == "format" and len(words) == 3:
        return words[1] % int(float(words[2]))
    raise ExpressionError("TCL that is not simulated: " + " ".join(words))
