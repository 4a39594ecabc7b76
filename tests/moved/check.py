#!/usr/bin/env python3
"""Where each test of before went: every old node id against a fresh collection of a tree.

usage: check_moves.py TREE [--after FILE] [--before FILE] [--moves FOLDER] [--table FILE]

TREE is a checkout with .venv/bin/pytest; its ids are collected unless --after names a file of them.
Lines of moves/*.tsv: old<TAB>new or old<TAB>-<TAB>reason. Old and new are folders, files, functions or whole
ids; the longest old that fits wins, the rest of the id ([...] included) goes with it. Lines chain: what one
line moved, another may move on while the id does not exist in the new collection. Skeleton's moves are built in.
Ends with 1 if an id is unaccounted for.
"""

import argparse
import collections
import pathlib
import subprocess
import sys

BUILT_IN = [  # what the first commit moved
    ("tests/download", "tests/weights"),
    ("tests/clip/test_checkpoints.py", "tests/weights/test_checkpoints.py"),
    ("tests/clip/test_published.py", "tests/weights/test_published.py"),
    ("tests/clip/test_tensors.py", "tests/weights/test_layouts.py"),
    ("tests/labels/test_distribution_wheels.py", "tests/authoring/test_wheels.py"),
    ("tests/labels/test_distributions.py", "tests/authoring/test_distributions.py"),
    ("tests/labels/test_scaffold.py", "tests/authoring/test_new.py"),
    ("tests/labels/test_labelset_checks.py", "tests/authoring/test_check.py"),
]
OLD_MODULES = {  # of the skeleton: parameters of test_docstrings
    "clip/models.py": "weights/models.py", "clip/download.py": "weights/download.py",
    "clip/transfer.py": "weights/transfer.py", "clip/wanted.py": "weights/wanted.py",
    "clip/weights.py": "weights/sources.py", "clip/checkpoints.py": "weights/checkpoints.py",
    "clip/tensors.py": "weights/layouts.py", "labels/scaffold.py": "authoring/new.py",
    "labels/projects.py": "authoring/projects.py", "labels/trees.py": "authoring/trees.py",
    "labels/layout.py": "authoring/layout.py", "labels/wheels.py": "authoring/wheels.py",
    "labels/distributions.py": "authoring/distributions.py", "labels/checks.py": "authoring/check.py",
    "labels/findings.py": "authoring/findings.py",
}
BUILT_IN += [(f"tests/test_examples.py::test_docstrings[{a}]", f"tests/test_examples.py::test_docstrings[{b}]")
             for a, b in OLD_MODULES.items()]


def read_moves(folder):
    rules, bad = {old: (new, "", "skeleton") for old, new in BUILT_IN}, []
    for path in sorted(pathlib.Path(folder).glob("*.tsv")):
        for n, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            old, new, reason = ([p.strip() for p in line.split("\t")] + ["", ""])[:3]
            if not new or (new == "-" and not reason):
                bad.append(f"{path.name}:{n}: {'no reason' if new else 'no new id'}: {line}")
                continue
            if old in rules and rules[old][:2] != (new, reason):
                bad.append(f"{path.name}:{n}: {old} stands in {rules[old][2]} as well, with {rules[old][0]}")
            rules[old.rstrip("/")] = (new.rstrip("/") if new != "-" else "-", reason, path.name)
    return rules, bad


def fitting(node, rules, used):
    """The longest rule that fits: the whole id, or up to a / or :: or [."""
    ends = {len(node), *(i for i, c in enumerate(node) if c in "/[" or node.startswith("::", i))}
    found = [node[:i] for i in ends if node[:i] in rules and node[:i] not in used]
    return max(found, key=len, default=None)


def follow(node, rules, after):
    """Where an id went: (state, id or reason)."""
    at, used = node, set()
    while (old := fitting(at, rules, used)) is not None and (not used or at not in after):
        used.add(old)
        new, reason, _ = rules[old]
        if new == "-":
            return "went", reason
        at = new + at[len(old):]
    if at in after:
        return ("same" if at == node else "moved"), at
    function = at.partition("[")[0]
    ids = [i for i in after if i == function or i.startswith(function + "[")]
    if used and ids and ("[" not in at or function in after):
        return "folded", function  # a rule names a function whose parameters are others now
    return "lost", (f"{function} is there, with other parameters: {at}" if ids else at)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("tree")
    p.add_argument("--after")
    p.add_argument("--before", default=str(pathlib.Path(__file__).with_name("before.txt")))
    p.add_argument("--moves", default=str(pathlib.Path(__file__).parent))
    p.add_argument("--table", help="write every old id with where it went")
    a = p.parse_args()
    if a.after:
        text = pathlib.Path(a.after).read_text()
    else:
        run = subprocess.run([f"{a.tree}/.venv/bin/pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
                             cwd=a.tree, capture_output=True, text=True)
        text = run.stdout
        if run.returncode:
            sys.exit(text[-3000:] + run.stderr[-3000:])
    after = {line.strip() for line in text.splitlines() if line.startswith("tests/") and "::" in line}
    before = [line.strip() for line in pathlib.Path(a.before).read_text().splitlines() if "::" in line]
    rules, bad = read_moves(a.moves)
    went = {node: follow(node, rules, after) for node in before}
    reached = {to for state, to in went.values() if state in ("same", "moved", "folded")}
    fresh = [i for i in after if i not in reached and i.partition("[")[0] not in reached]
    if a.table:
        rows = (f"{node}\t{state}\t{to}" for node, (state, to) in went.items())
        pathlib.Path(a.table).write_text("\n".join(rows) + "\n")

    count = collections.Counter(state for state, _ in went.values())
    print(f"before {len(before)} (of them twice: {len(before) - len(went)}), after {len(after)}; "
          f"same {count['same']}, moved or renamed {count['moved']}, folded {count['folded']}, "
          f"went with a reason {count['went']}, UNACCOUNTED {count['lost']}; new {len(fresh)}")
    print("\n| old file | tests | went to |\n|---|--:|---|")
    files = collections.defaultdict(collections.Counter)
    for node, (state, to) in went.items():
        place = {"went": "gone, with a reason", "lost": "UNACCOUNTED"}.get(state, to.partition("::")[0])
        files[node.partition("::")[0]][place] += 1
    for file, places in sorted(files.items()):
        if set(places) != {file}:
            where = ", ".join(f"{'itself' if place == file else place} {n}" for place, n in places.most_common())
            print(f"| {file} | {places.total()} | {where} |")
    whole = [file for file, places in files.items() if set(places) == {file}]
    print(f"| {len(whole)} other files | {sum(files[f].total() for f in whole)} | themselves |")
    for state, title in (("went", "Gone, with the reason"), ("folded", "In a function whose parameters changed"),
                         ("lost", "UNACCOUNTED")):
        groups = collections.defaultdict(list)
        for node, (s, to) in went.items():
            if s == state:
                groups[node.partition("[")[0], to if state != "lost" else ""].append((node, to))
        if groups:
            print(f"\n{title} ({count[state]}):")
            for (function, to), ids in sorted(groups.items()):
                shown = function if len(ids) > 1 else ids[0][0]
                more = f" ({len(ids)} ids, {ids[0][0].partition('[')[2][:50]}...)" if len(ids) > 1 else ""
                print(f"  {shown}{more}" + (f": {to}" if to else f"  [looked for {ids[0][1][:160]}]"))
    unused = [old for old in rules if rules[old][2] != "skeleton" and not any(
        n == old or n.startswith((old + "/", old + "::", old + "[")) for n in [*before, *(t for _, t in went.values())])]
    if bad or unused:
        print("\nLines to look at:", *bad, *(f"{rules[o][2]}: fits no id: {o}" for o in unused), sep="\n  ")
    sys.exit(1 if count["lost"] else 0)


main()
