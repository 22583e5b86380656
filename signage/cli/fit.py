"""`signage simulate --fit`: the simulated response, fitted to a journal."""

from __future__ import annotations

from pathlib import Path

from signage.cli.output import print_json


def fit_model(journal: Path, out: Path, *, as_json: bool) -> None:
    """Fit the simulated response to ``journal``; write it, and how well it fits, into ``out``."""
    from signage.simulation.run import new_folder
    from signage.simulation.viewers.fit import fit as fit_response
    from signage.simulation.viewers.fit import write_model
    from signage.simulation.viewers.fit_plot import draw
    from signage.text.terminal import Console, grid

    new_folder(out, ["."])
    fitted, impressions = fit_response(journal)
    write_model(fitted, out / "response.toml")
    draw(fitted, impressions, out / "fit.png")
    values = fitted.model.model_dump(exclude={"alike"})
    if as_json:
        parameters = {
            name: {"value": value, "standard_error": fitted.errors.get(name)}
            for name, value in values.items()
        }
        print_json(
            {"impressions": fitted.impressions, "gaps": fitted.gaps, "parameters": parameters}
        )
        return
    table = grid(3)
    for name, value in values.items():
        error = fitted.errors.get(name)
        uncertainty = "not estimated" if error is None else f"± {error:.3f}"
        table.add_row(name.replace("_", " "), f"{value:.3f}", uncertainty)
    console = Console()
    console.print(table)
    console.print(
        f"Use with --preset: {out / 'response.toml'}. Quality of the fit: {out / 'fit.png'}",
        soft_wrap=True,
    )
