"""What a finding says to a reader: explanation, certainty, reading."""

from __future__ import annotations

from matcalc.judging.environment import Environment
from matcalc.judging.finding import Finding
from matcalc.judging.lessons import lesson
from matcalc.judging.proving import Grounds
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def explained(env: Environment, line: t.Relation, finding: Finding) -> str:
    """A paragraph a student understands."""
    which = ""
    if finding.wrong and len(line.sides) > 2:
        which = f"the right-hand side number {finding.wrong}, {write(line.sides[finding.wrong])}: "
    match finding.status:
        case "holds":
            return ""
        case "fails":
            return f"{which}{finding.why}"
        case "needs-convention":
            return f"{which}as it stands it is false; it is true if {_convention(finding)}"
        case _:
            return f"{which}{finding.why}"


def taught(what: str, slip: str, detail: str) -> str:
    """What is wrong, and what the class of the slip teaches."""
    parts = [what, lesson(slip), detail]
    return ". ".join(p[0].upper() + p[1:].rstrip(".") if k else p for k, p in
                     enumerate(x for x in parts if x)) + ("." if slip else "")  # fmt: skip


def _convention(finding: Finding) -> str:
    said = finding.convention
    if "layout" in said:
        return f"derivatives are written in {said}"
    return said


def certainty(finding: Finding, grounds: Grounds = Grounds.POINTS) -> str:
    """What the verdict rests on."""
    if not finding.points or grounds is Grounds.LAWS:
        return grounds.value
    sizes = f", {finding.sizes} sizes" if finding.sizes > 1 else ""
    verb = "agrees" if finding.status == "holds" else "tested"
    exactly = f", {grounds.value}" if grounds is Grounds.FRACTIONS else ""
    return f"{verb} at {finding.points} points{sizes}{exactly}"


def reading_of(env: Environment, line: t.Relation, finding: Finding) -> str:
    """How the line was understood where it could be understood in several ways."""
    parts = sorted(finding.tags)
    layout, vec = finding.layout
    if finding.status == "needs-convention" and "layout" in finding.convention:
        layout, vec = env.layout or "denominator", env.vec
    if finding.status in ("holds", "needs-convention") and layout != "denominator":
        by = ", as most lines of the page" if env.layout_by_lines and layout == env.layout else ""
        parts.append(f"{layout} layout{' of vec' if vec else ''}{by}")
    return "; ".join(parts)
