"""The parser of Swift, for tests of generated code: there is no compiler of Swift in Debian 12."""

from __future__ import annotations

import tree_sitter
import tree_sitter_swift

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))


def parsed(text):
    """Returns the root of the syntax tree; `has_error` says whether something is wrong in it."""
    return _PARSER.parse(text.encode()).root_node


def names(root):
    """Returns the names of types and of values in a tree."""
    own = {root.text.decode()} if root.type in ("type_identifier", "simple_identifier") else set()
    return own.union(*map(names, root.children))
