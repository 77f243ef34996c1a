"""A page of A4 as all papers share it: head, foot, headings, pairs, tables, drawings, both ways.

Nothing is fetched: fonts come from the installed packages, drawings are lines of numbers. A paper
in Arabic runs from the right; a drawing never does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from unicodedata import bidirectional

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from clinic.core import clock
from clinic.core.text import N_
from clinic.papers import fonts
from clinic.web.words import language, translate

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
INK, FAINT, LINE, SOFT = (24, 32, 44), (92, 104, 120), (205, 212, 221), (238, 242, 246)
MARGIN = 16.0
_ISOLATE = {"L": "\u2066", "R": "\u2067", "AL": "\u2067"}
_PAGE = N_("Page %(number)s of %(all)s")
LONG, TALL = 1000, 20
"""Letters and breaks of a value that still fit into a cell: a row cannot run over a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Whose paper it is: the clinic above every page, the patient in its foot."""

    clinic: str
    address: str
    phone: str
    title: str
    about: str
    """Patient, birth date and file number, on every page: loose pages find their way back."""
    mark: str = ""
    """Written across every page, such as that it is not signed."""


def apart(text: object) -> str:
    """Return a name, code or number isolated, so that it keeps its own order inside any text."""
    drawn = fonts.drawable(text)
    strong = next((kind for kind in map(bidirectional, drawn) if kind in {"L", "R", "AL"}), "L")
    return f"{_ISOLATE[strong]}{drawn}\u2069" if drawn else ""


def own(text: str) -> str:
    """Return somebody's words of several lines, each in its own order."""
    return "\n".join(apart(line) for line in text.split("\n"))


class Sheet(FPDF):
    """One paper in the language of the request."""

    def __init__(self, head: Head, *, pages: int = 0) -> None:
        """Begin a paper; `pages` is how many there are, once that is known."""
        super().__init__(format="A4")
        self.head, self.pages_known = head, pages
        self.is_rtl = str(language().locale)[:2] in RIGHT_TO_LEFT
        for (family, style), file in fonts.files().items():
            self.add_font(family, style, file)
        self.has_further = False
        self.set_text_shaping(True, direction="rtl" if self.is_rtl else "ltr")
        self.set_margins(MARGIN, 14, MARGIN)
        self.set_auto_page_break(True, 20)
        self.set_title(fonts.drawable(head.title))
        self.set_lang(str(language().locale)[:2])
        self.set_producer("Anagen")
        self.set_creation_date(clock.now().replace(microsecond=0))
        self.add_page()

    # ---- what every page has ----

    @property
    def near(self) -> str:
        """Return the side at which reading begins."""
        return "R" if self.is_rtl else "L"

    @property
    def far(self) -> str:
        """Return the other side."""
        return "L" if self.is_rtl else "R"

    def face(self, size: float, *, bold: bool = False, color: tuple[int, int, int] = INK) -> None:
        """Set how the following is written."""
        self.set_font(fonts.FAMILY, "B" if bold else "", size)
        self.set_text_color(*color)

    def header(self) -> None:
        """Draw the clinic above, and the mark across the page."""
        if self.head.mark:
            self._mark()
        self.face(10, bold=True)
        self.line_of(apart(self.head.clinic), 5)
        self.face(8, color=FAINT)
        phone = apart(self.head.phone)
        said = " · ".join(one for one in (apart(self.head.address), phone) if one)
        if said:
            self.line_of(said, 4)
        self.set_draw_color(*LINE)
        self.line(MARGIN, self.get_y() + 1.5, self.w - MARGIN, self.get_y() + 1.5)
        self.ln(5)

    def _mark(self) -> None:
        text = fonts.drawable(self.head.mark)
        self.set_font(fonts.FAMILY, "B", 64)
        wide = self.get_string_width(text)
        self.set_font(fonts.FAMILY, "B", min(64, 64 * 190 / wide))
        self.set_text_color(236, 216, 216)
        with self.rotation(50, self.w / 2, self.h / 2):
            self.set_xy(0, self.h / 2 - 12)
            self.cell(self.w, 24, text, align="C")
        self.set_xy(MARGIN, self.t_margin)

    def footer(self) -> None:
        """Draw whose paper it is, when it was printed, and which page of how many."""
        self.set_y(-15)
        self.face(7.5, color=FAINT)
        self.set_draw_color(*LINE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.ln(1.5)
        page = translate(
            _PAGE, number=apart(self.page_no()), all=apart(self.pages_known or self.page_no())
        )
        top = self.get_y()
        self._sees(self.head.about)
        self.set_x(self.w - MARGIN - 130 if self.is_rtl else MARGIN)
        self.multi_cell(130, 4, self.head.about, align=self.near)
        self.set_xy(MARGIN if self.is_rtl else self.w - MARGIN - 45, top)
        self.cell(45, 4, page, align=self.far)

    # ---- what papers are made of ----

    def _sees(self, text: str) -> None:
        """Add the second family once, when a text first needs it: reading it takes its time."""
        if not self.has_further and fonts.needs_further(text):
            for style in ("", "B"):
                self.add_font(fonts.FURTHER, style, fonts.further())
            self.set_fallback_fonts([fonts.FURTHER], exact_match=False)
            self.has_further = True

    def line_of(self, text: str, height: float, align: str = "") -> None:
        """Write one paragraph over the whole width."""
        self._sees(text)
        self.multi_cell(
            0, height, text, align=align or self.near, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def title_of(self, text: str, under: str = "") -> None:
        """Write the title of the paper."""
        self.face(17, bold=True)
        self.line_of(text, 8.5)
        if under:
            self.face(10, color=FAINT)
            self.line_of(under, 5)
        self.ln(2)

    def heading(self, text: str, room: float = 22) -> None:
        """Write a heading, never alone at the foot of a page: `room` of millimetres follow it."""
        if self.will_page_break(room):
            self.add_page()
        self.ln(2.5)
        self.face(11.5, bold=True)
        self.line_of(text, 6)
        self.ln(0.5)

    def text_of(self, text: str, size: float = 9.5, color: tuple[int, int, int] = INK) -> None:
        """Write paragraphs."""
        self.face(size, color=color)
        for line in text.split("\n"):
            if line.strip():
                self.line_of(line, size * 0.52)

    def listed(self, items: Sequence[str], *, bold: bool = False) -> None:
        """Write a list, one item after the other."""
        self.face(9.5, bold=bold)
        for item in items:
            self._sees(item)
            inner = self.w - 2 * MARGIN - 5
            if self.will_page_break(5):
                self.add_page()
            y = self.get_y()
            dot = self.w - MARGIN - 2 if self.is_rtl else MARGIN + 2
            self.set_fill_color(*INK)
            self.circle(dot, y + 2.4, 0.6, style="F")
            self.set_x(MARGIN if self.is_rtl else MARGIN + 5)
            self.multi_cell(inner, 4.8, item, align=self.near, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write names and values; empty ones are left out, long ones are paragraphs."""
        said = [(name, value) for name, value in rows if value]
        for is_long, some in groupby(said, lambda row: _is_long(row[1])):
            if not is_long:
                self.grid((), list(some), (30, 70), plain=True)
                continue
            for name, value in some:
                self.text_of(name, 9, FAINT)
                self.text_of(value, 9)
                self.ln(1)

    def grid(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[int],
        *,
        plain: bool = False,
    ) -> None:
        """Write a table, its heads again on each page; the first column is where reading begins."""
        assert all(len(row) == len(widths) for row in (*rows, *([heads] if heads else ()))), heads
        turn: Callable[[Sequence[object]], list[object]] = (
            (lambda cells: list(reversed(cells))) if self.is_rtl else list
        )
        self.face(9)
        self.set_draw_color(*LINE)
        self.fill_color = (
            self.DEFAULT_FILL_COLOR
        )  # else each cell is filled as the last drawing was
        head = FontFace(emphasis="BOLD", color=FAINT, fill_color=SOFT, size_pt=8)
        first = FontFace(color=FAINT)
        with self.table(
            col_widths=tuple(turn(widths)),
            text_align=self.near,
            borders_layout="HORIZONTAL_LINES" if not plain else "NONE",
            first_row_as_headings=bool(heads),
            headings_style=head,
            line_height=4.8,
            padding=(0.7, 1, 0.7, 1),
        ) as table:
            for cells in [heads, *rows] if heads else rows:
                row = table.row()
                where = len(cells) - 1 if self.is_rtl else 0
                for column, cell in enumerate(turn(cells)):
                    self._sees(str(cell))
                    is_name = plain and column == where
                    row.cell(str(cell), style=first if is_name else None)
        self.ln(1)

    def strokes(self, strokes: Sequence[Sequence[int]], field: tuple[int, int]) -> None:
        """Draw a signature over a line, as it was drawn."""
        wide = 70.0
        scale = wide / field[0]
        tall = field[1] * scale
        if self.will_page_break(tall + 4):
            self.add_page()
        left = self.w - MARGIN - wide if self.is_rtl else MARGIN
        top = self.get_y()
        self.set_draw_color(16, 35, 63)
        self.set_line_width(0.5)
        for stroke in strokes:
            places = [
                (left + x * scale, top + y * scale)
                for x, y in zip(stroke[::2], stroke[1::2], strict=True)
            ]
            if len(places) == 1:
                places.append((places[0][0] + 0.2, places[0][1]))
            self.polyline(places)
        self.set_line_width(0.2)
        self.set_draw_color(*LINE)
        self.line(left, top + tall, left + wide, top + tall)
        self.set_y(top + tall + 2)


def _is_long(value: str) -> bool:
    return len(value) > LONG or value.count("\n") > TALL


def bytes_of(draw: Callable[[int], Sheet]) -> bytes:
    """Draw a paper twice: once to count its pages, once to write how many there are."""
    pages = draw(0).pages_count
    return bytes(draw(pages).output())
