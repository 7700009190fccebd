"""How JupyterLab reads and writes notebooks: one that is only looked at stays as it is."""

from __future__ import annotations

from typing import Any

import nbformat
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from tools.lessons import KERNEL, METADATA
from tools.light import without_widgets


class LessonFiles(AsyncLargeFileManager):
    """Jupyter's own files, with notebooks stored free of what belongs to one machine or kernel.

    JupyterLab writes the kernel's display name and Python's version into every notebook that it
    opens, and then asks whether to save. So it finds them there, and they go when it saves. The
    views of widgets go too: once their kernel has ended they would show an error.
    """

    async def get(self, path: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        model = await super().get(path, *arguments, **options)
        if model["type"] == "notebook" and model["content"]:
            metadata = model["content"]["metadata"]
            if metadata == METADATA:
                spec = KernelSpecManager().get_kernel_spec(KERNEL["name"])
                metadata["kernelspec"]["display_name"] = spec.display_name
                metadata["language_info"] = dict(IPythonKernel.language_info)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        if model.get("type") == "notebook" and model.get("content"):
            model = {**model, "content": settle(nbformat.from_dict(model["content"]))}
        return await super().save(model, path)


def settle(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook as it should lie on the disk, in place."""
    if notebook.metadata.get("kernelspec", {}).get("name") == KERNEL["name"]:
        notebook.metadata.update(nbformat.from_dict(METADATA))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = without_widgets(cell.outputs)
    return notebook
