"""The drawing of the scalp: five views, the ten zones of clinical.md section 4 as closed outlines.

Left and right are always the PATIENT'S. The drawing is never mirrored for a language that is
written from the right. A session keeps the version it was drawn on: whoever changes an outline
adds a new version under a new name and leaves the old one as it is.

No areas are kept here: mL per cm2 may only be shown where a zone was measured.
"""

from dataclasses import dataclass
from functools import cache

from clinic.core.zones import Zone
from clinic.treatments.rules.outlines import distance, is_inside, mirrored, polygon
from clinic.treatments.values import View

MAP_VERSION = "2026-11"
"""Of the drawing that new sessions are made on."""
WIDTH, HEIGHT = 400, 440
REACH = 2.0
"""Units a point may lie outside its outline: a tap on the edge is rounded to whole units, and
then to thousandths of the drawing. Zones are at least twice as far apart."""

CODES: dict[Zone, str] = {
    Zone.FRONTAL_HAIRLINE: "FH",
    Zone.FRONTOTEMPORAL_L: "LF",
    Zone.FRONTOTEMPORAL_R: "RF",
    Zone.MIDSCALP: "MS",
    Zone.VERTEX: "VX",
    Zone.PARIETAL_L: "LP",
    Zone.PARIETAL_R: "RP",
    Zone.TEMPORAL_L: "LT",
    Zone.TEMPORAL_R: "RT",
    Zone.OCCIPITAL: "OC",
}
"""Short names written on the drawing; the same in every language."""

TWIN: dict[Zone, Zone] = {
    Zone.FRONTOTEMPORAL_L: Zone.FRONTOTEMPORAL_R,
    Zone.PARIETAL_L: Zone.PARIETAL_R,
    Zone.TEMPORAL_L: Zone.TEMPORAL_R,
    Zone.FRONTOTEMPORAL_R: Zone.FRONTOTEMPORAL_L,
    Zone.PARIETAL_R: Zone.PARIETAL_L,
    Zone.TEMPORAL_R: Zone.TEMPORAL_L,
}
"""The zone of the other side; those on the middle line are their own twin."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One zone in one view: its outline and where its short name stands."""

    zone: Zone
    path: str
    label: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One view of the head."""

    view: View
    base: str
    lines: tuple[str, ...]
    shapes: tuple[Shape, ...]
    sides: tuple[tuple[str, int, int], ...]
    """Letters L and R of the patient's sides, and where they stand."""

    def shape(self, zone: Zone) -> Shape | None:
        """Return a zone's outline, or None when this view does not show it."""
        return next((shape for shape in self.shapes if shape.zone is zone), None)


def drawings(version: str = MAP_VERSION) -> tuple[Drawing, ...]:
    """Return the five views of a version, in the order in which they are offered.

    Raises LookupError for a version that does not exist.
    """
    return _VERSIONS[version]


def drawing(view: View, version: str = MAP_VERSION) -> Drawing:
    """Return one view of a version."""
    return next(one for one in drawings(version) if one.view is view)


def units(x_permille: int, y_permille: int) -> tuple[int, int]:
    """Return a stored place in whole units of the drawing."""
    return round(x_permille * WIDTH / 1000), round(y_permille * HEIGHT / 1000)


def permille(x: int, y: int) -> tuple[int, int]:
    """Return a place of the drawing in thousandths of its width and height."""
    return round(x * 1000 / WIDTH), round(y * 1000 / HEIGHT)


def zone_at(
    view: View, x_permille: int, y_permille: int, *, version: str = MAP_VERSION
) -> Zone | None:
    """Return the zone whose outline holds a place, or None between and beside the zones."""
    at = _place(x_permille, y_permille)
    for shape in drawing(view, version).shapes:
        if is_inside(polygon(shape.path), at):
            return shape.zone
    return None


def is_on(
    zone: Zone, view: View, x_permille: int, y_permille: int, *, version: str = MAP_VERSION
) -> bool:
    """Tell whether a place lies in a zone of a view, or so near its edge that it was rounded."""
    shape = drawing(view, version).shape(zone)
    if shape is None:
        return False
    at = _place(x_permille, y_permille)
    outline = polygon(shape.path)
    return is_inside(outline, at) or distance(outline, at) <= REACH


def _place(x_permille: int, y_permille: int) -> tuple[float, float]:
    return x_permille * WIDTH / 1000, y_permille * HEIGHT / 1000


def _other(path: str) -> str:
    return mirrored(path, WIDTH)


def _pair(zone: Zone, path: str, label: tuple[float, float]) -> tuple[Shape, Shape]:
    """Return a zone and its twin on the other side of the same view."""
    return (
        Shape(zone, path, label),
        Shape(TWIN[zone], _other(path), (WIDTH - label[0], label[1])),
    )


def _both(*paths: str) -> tuple[str, ...]:
    """Return paths and their mirror images."""
    return tuple(drawn for path in paths for drawn in (path, _other(path)))


_TOP = Drawing(
    view=View.TOP,
    base=(
        "M200 34 C264 34 314 80 329 148 C343 212 341 292 309 344 C282 386 241 408 200 408"
        " C159 408 118 386 91 344 C59 292 57 212 71 148 C86 80 136 34 200 34 Z"
    ),
    lines=(
        "M181 37 C186 22 193 13 200 13 C207 13 214 22 219 37",
        *_both("M64 202 C48 194 40 208 42 228 C44 248 54 262 68 256"),
        "M128 86 C150 70 174 62 200 62 C226 62 250 70 272 86",
    ),
    shapes=(
        Shape(
            Zone.FRONTAL_HAIRLINE,
            "M138 127 C156 102 178 94 200 94 C222 94 244 102 262 127 L251 161"
            " C236 142 218 135 200 135 C182 135 164 142 149 161 Z",
            (200, 118),
        ),
        *_pair(
            Zone.FRONTOTEMPORAL_L,
            "M83 150 C95 135 111 129 131 130 L145 165 C128 171 115 180 106 191 L72 184"
            " C74 171 77 160 83 150 Z",
            (108, 160),
        ),
        *_pair(
            Zone.TEMPORAL_L,
            "M70 192 L101 198 C97 210 95 224 95 240 L97 281 L71 286 C65 256 65 224 70 192 Z",
            (82, 240),
        ),
        Shape(
            Zone.MIDSCALP,
            "M153 169 C167 149 183 142 200 142 C217 142 233 149 247 169 L259 233"
            " C243 225 222 222 200 222 C178 222 157 225 141 233 Z",
            (200, 186),
        ),
        *_pair(
            Zone.PARIETAL_L,
            "M109 200 C118 189 130 181 146 174 L134 240 C125 262 125 292 133 317 L92 330"
            " C84 316 77 305 73 293 L104 288 L102 240 C102 225 104 211 109 200 Z",
            (116, 262),
        ),
        Shape(
            Zone.VERTEX,
            "M200 229 C241 229 267 254 267 292 C267 330 240 353 200 353 C160 353 133 330 133 292"
            " C133 254 159 229 200 229 Z",
            (200, 290),
        ),
        Shape(
            Zone.OCCIPITAL,
            "M96 338 L136 326 C150 350 172 362 200 362 C228 362 250 350 264 326 L304 338"
            " C280 380 241 402 200 402 C159 402 120 380 96 338 Z",
            (200, 380),
        ),
    ),
    sides=(("L", 24, 232), ("R", 376, 232)),
)

# Seen from the front, the patient's right is on the viewer's left.
_FRONT = Drawing(
    view=View.FRONT,
    base=(
        "M200 34 C274 34 323 90 323 172 C323 198 321 216 317 236 C309 302 266 366 228 386"
        " C212 394 188 394 172 386 C134 366 91 302 83 236 C79 216 77 198 77 172"
        " C77 90 126 34 200 34 Z"
    ),
    lines=(
        *_both(
            "M80 206 C64 198 58 214 62 234 C66 256 76 268 87 262",
            "M134 212 C146 203 162 203 176 210",
            "M140 232 C149 224 163 224 173 233 C163 240 149 240 140 232 Z",
            "M150 360 C152 388 146 410 128 428",
        ),
        "M194 228 C192 248 184 264 184 276 C188 284 194 286 200 286 C206 286 212 284 216 276",
        "M170 320 C184 313 192 316 200 318 C208 316 216 313 230 320 C216 333 184 333 170 320 Z",
        "M107 180 C109 158 118 146 134 138 C152 114 175 107 200 107 C225 107 248 114 266 138"
        " C282 146 291 158 293 180",
    ),
    shapes=(
        Shape(
            Zone.MIDSCALP,
            "M119 95 C141 61 168 44 200 44 C232 44 259 61 281 95 C257 80 229 74 200 74"
            " C171 74 143 80 119 95 Z",
            (200, 64),
        ),
        Shape(
            Zone.FRONTAL_HAIRLINE,
            "M116 103 C143 87 171 81 200 81 C229 81 257 87 284 103 L268 128"
            " C250 108 226 99 200 99 C174 99 150 108 132 128 Z",
            (200, 93),
        ),
        *_pair(
            Zone.FRONTOTEMPORAL_R,
            "M109 107 L127 134 C113 142 105 152 101 166 L82 158 C86 138 95 120 109 107 Z",
            (104, 140),
        ),
        *_pair(
            Zone.TEMPORAL_R,
            "M81 166 L100 174 C99 186 100 200 102 214 L87 212 C82 197 80 182 81 166 Z",
            (91, 194),
        ),
    ),
    sides=(("R", 34, 236), ("L", 366, 236)),
)

# Seen from behind, the patient's left is on the viewer's left.
_BACK = Drawing(
    view=View.BACK,
    base=(
        "M200 34 C274 34 323 90 323 176 C323 214 318 240 309 262 C300 300 282 326 258 344"
        " L254 372 C256 396 270 414 296 426 L104 426 C130 414 144 396 146 372 L142 344"
        " C118 326 100 300 91 262 C82 240 77 214 77 176 C77 90 126 34 200 34 Z"
    ),
    lines=(
        *_both("M80 210 C64 202 58 218 62 238 C66 260 78 272 90 266"),
        "M146 356 C170 350 184 362 200 362 C216 362 230 350 254 356",
    ),
    shapes=(
        Shape(
            Zone.MIDSCALP,
            "M125 92 C146 60 171 44 200 44 C229 44 254 60 275 92 C252 80 227 75 200 75"
            " C173 75 148 80 125 92 Z",
            (200, 64),
        ),
        Shape(
            Zone.VERTEX,
            "M200 82 C244 82 270 112 270 150 C270 188 240 214 200 214 C160 214 130 188 130 150"
            " C130 112 156 82 200 82 Z",
            (200, 146),
        ),
        *_pair(
            Zone.PARIETAL_L,
            "M120 99 C124 97 128 95 132 94 C120 116 118 150 126 174 C131 192 142 206 156 214"
            " L150 236 L111 241 C114 222 107 196 90 180 C91 148 102 118 120 99 Z",
            (110, 160),
        ),
        *_pair(
            Zone.TEMPORAL_L,
            "M88 190 C101 204 106 224 103 242 L91 244 C86 226 85 208 88 190 Z",
            (94, 224),
        ),
        Shape(
            Zone.OCCIPITAL,
            "M93 252 L151 243 L164 220 C186 226 214 226 236 220 L249 243 L307 252"
            " C301 292 284 320 256 340 C240 350 160 350 144 340 C116 320 99 292 93 252 Z",
            (200, 286),
        ),
    ),
    sides=(("L", 34, 236), ("R", 366, 236)),
)

_LEFT = Drawing(
    view=View.LEFT,
    base=(
        "M121 116 C108 134 102 154 101 172 C95 178 95 186 99 194 C91 214 79 232 73 246"
        " C74 254 84 256 92 256 C92 264 88 270 90 277 C86 282 87 288 92 291"
        " C88 299 93 306 95 312 C93 332 106 344 128 343 C152 342 174 336 194 322"
        " C202 352 200 386 184 426 L314 426 C300 386 304 346 322 312 C354 262 359 200 341 150"
        " C319 92 264 56 208 58 C168 60 138 84 121 116 Z"
    ),
    lines=(
        "M216 214 C234 202 256 212 256 234 C256 254 242 266 238 280 C234 292 220 292 216 282",
        "M224 228 C234 220 246 226 244 240 C242 250 232 254 230 264",
        "M108 186 C117 180 127 180 136 186",
        "M112 204 C120 198 129 200 133 206 C127 210 119 210 112 204 Z",
        "M92 278 C102 282 112 282 120 278",
        "M194 322 C206 312 214 300 218 290",
        "M84 253 C90 248 96 248 100 252",
    ),
    shapes=(
        Shape(
            Zone.FRONTAL_HAIRLINE,
            "M126 121 C138 98 155 82 177 73 L194 104 C170 112 150 126 139 147 Z",
            (157, 109),
        ),
        Shape(
            Zone.FRONTOTEMPORAL_L,
            "M141 157 C153 133 174 119 199 114 L206 138 C186 144 169 156 158 174"
            " C151 170 146 164 141 157 Z",
            (171, 143),
        ),
        Shape(
            Zone.TEMPORAL_L,
            "M164 178 C175 161 190 150 208 145 C232 148 252 161 266 184 L268 207"
            " C259 199 241 195 226 199 C212 203 205 213 202 228 L200 244 L184 244"
            " C184 222 178 204 162 192 Z",
            (210, 178),
        ),
        Shape(
            Zone.MIDSCALP,
            "M185 71 C213 61 247 68 274 85 L252 122 C234 112 216 108 201 102 Z",
            (228, 92),
        ),
        Shape(
            Zone.PARIETAL_L,
            "M204 109 C221 114 236 121 249 130 L297 181 C298 203 296 223 291 243 L272 231"
            " C275 211 274 194 270 180 C256 157 236 143 213 138 Z",
            (258, 158),
        ),
        Shape(
            Zone.VERTEX,
            "M281 90 C309 109 329 138 337 172 L303 176 L258 126 Z",
            (304, 138),
        ),
        Shape(
            Zone.OCCIPITAL,
            "M304 186 L338 182 C344 220 338 262 316 300 C306 316 300 330 297 346"
            " C286 344 272 338 262 330 C270 304 273 272 271 240 L296 255"
            " C301 232 305 210 304 186 Z",
            (304, 272),
        ),
    ),
    sides=(("L", 372, 40),),
)

_RIGHT = Drawing(
    view=View.RIGHT,
    base=_other(_LEFT.base),
    lines=tuple(_other(path) for path in _LEFT.lines),
    shapes=tuple(
        Shape(
            TWIN.get(shape.zone, shape.zone),
            _other(shape.path),
            (WIDTH - shape.label[0], shape.label[1]),
        )
        for shape in _LEFT.shapes
    ),
    sides=(("R", 28, 40),),
)

_VERSIONS: dict[str, tuple[Drawing, ...]] = {MAP_VERSION: (_TOP, _FRONT, _LEFT, _RIGHT, _BACK)}


@cache
def views_of(zone: Zone, version: str = MAP_VERSION) -> tuple[View, ...]:
    """Return the views that show a zone."""
    return tuple(one.view for one in drawings(version) if one.shape(zone) is not None)
