"""Builds what browsers load of the staff pages: hashed names, and nothing of GOV.UK's own branding.

Run by `make assets` and the image's build: `python -m deploy.assets node_modules services/triage/static`.
"""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "services" / "triage" / "assets"
GOVUK = Path("govuk-frontend/dist/govuk")
MOJ = Path("@ministryofjustice/frontend/moj")
MANIFEST = "manifest.json"

FONT_FACE = re.compile(r"@font-face\{[^}]*\}")
CREST = re.compile(r"url\([^)]*govuk-crest[^)]*\)")
IMAGE = re.compile(r"url\(/assets/images/([a-z0-9-]+\.svg)\)")
NOT_OURS = re.compile(r"GDS Transport|govuk-crest|govuk-logotype|@font-face", re.IGNORECASE)
"""The crown, the crest and the typeface are for services on GOV.UK's own domain."""


def unbranded(css: str) -> str:
    """Return a style sheet of theirs without typeface and crest; other images keep their names."""
    without_fonts = FONT_FACE.sub("", css).replace("GDS Transport,", "").replace('"GDS Transport",', "")
    return CREST.sub("none", without_fonts)


def check(name: str, content: str) -> None:
    """Stop the build where something remains that is not ours to show."""
    found = NOT_OURS.search(content)
    if found:
        sys.exit(f"{name} still has {found.group()!r}, which is not ours to use. See deploy/assets.py.")


class Folder:
    """The folder of built files; `manifest` gives each plain name its hashed one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.manifest: dict[str, str] = {}
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)

    def add(self, name: str, content: str) -> str:
        check(name, content)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        stem, _, suffix = name.rpartition(".")
        hashed = f"{stem}-{digest}.{suffix}"
        (self.place / hashed).write_text(content, encoding="utf-8")
        self.manifest[name] = hashed
        return hashed

    def add_css(self, name: str, content: str, images: Path) -> None:
        css = unbranded(content)
        for image in sorted(set(IMAGE.findall(css))):
            if image not in self.manifest:
                self.add(image, (images / image).read_text(encoding="utf-8"))
        self.add(name, IMAGE.sub(lambda found: f"url({self.manifest[found[1]]})", css))


def build(modules: Path, place: Path) -> None:
    """Write every file under its hashed name, and last the manifest, without which nothing is served."""
    folder = Folder(place)
    for package, sheet in ((GOVUK, "govuk-frontend.min.css"), (MOJ, "moj-frontend.min.css")):
        text = (modules / package / sheet).read_text(encoding="utf-8")
        folder.add_css(sheet, _without_map(text), modules / package / "assets" / "images")
    script = "govuk-frontend.min.js"
    folder.add(script, _without_map((modules / GOVUK / script).read_text(encoding="utf-8")))
    for source in sorted(SOURCES.iterdir()):
        text = source.read_text(encoding="utf-8")
        folder.add(source.name, text.replace(f'"./{script}"', f'"./{folder.manifest[script]}"'))
    (place / MANIFEST).write_text(json.dumps(folder.manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _without_map(text: str) -> str:
    return re.sub(r"(/\*|//)# sourceMappingURL=\S+( \*/)?", "", text)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
