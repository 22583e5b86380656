"""The commands about models and footage."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from signage.cli.options import DemoConfigOption, JsonOption
from signage.cli.output import print_json

models = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Fetch, list and verify the models.",
)


@models.command()
def pull(config: DemoConfigOption = None) -> None:
    """Fetch missing models and clips.

    Says nothing when all are there.
    """
    from signage.assets.install import pull as fetch
    from signage.text.terminal import Console

    for manifest in _manifests(config):
        fetch(manifest, Console(stderr=True).print)


@models.command("list")
def list_assets(config: DemoConfigOption = None, as_json: JsonOption = False) -> None:
    """List models and clips with their origin."""
    from signage.assets.manifest import load_manifest
    from signage.text.terminal import Console, table

    assets = [asset for manifest in _manifests(config) for asset in load_manifest(manifest)]
    if as_json:
        print_json([asset.model_dump(mode="json", exclude_none=True) for asset in assets])
        return
    rows = table("file", "MB", "licence", "from")
    for asset in assets:
        origin = f"{asset.registry} {asset.package} {asset.version}"
        rows.add_row(asset.name, f"{asset.size_bytes / 1e6:.1f}", asset.licence, origin)
    Console().print(rows)


@models.command()
def verify(config: DemoConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the SHA-256 of every model and clip."""
    from signage.assets.manifest import verify as states_of
    from signage.text.terminal import Console

    states = {a.name: state for manifest in _manifests(config) for a, state in states_of(manifest)}
    if as_json:
        print_json(states)
    else:
        console = Console()
        for name, state in states.items():
            console.print(f"{state:8} {name}")
    if any(state != "ok" for state in states.values()):
        sys.stderr.write("signage: Run `signage models pull` to fetch the files that are not ok.\n")
        raise typer.Exit(1)


def _manifests(config: Path | None) -> list[Path]:
    from signage.config.file import load_config
    from signage.config.locations import find_demo_config

    settings = load_config(find_demo_config(config))
    manifests = [settings.perception.models_dir / "manifest.toml"]
    if settings.camera.reel:
        manifests.append(settings.camera.footage_dir / "manifest.toml")
    return manifests
