"""An executed lesson as one HTML page that needs no network and fits a phone."""

from __future__ import annotations

import html
import re
from typing import Any

import math_core
import nbformat
from jinja2 import DictLoader, pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAG = re.compile(r"\s*\\tag\{([^}]*)\}")
LESSON_LINK = re.compile(r"^(\d\d_\w+)\.ipynb(?=#|$)")

# nbconvert's own template loads formulas and more from the network and leaves out a figure's
# alternative text. Some of its colours are too pale on the grey of a cell.
TEMPLATE = """\
{% extends "lab/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_css %}
<style>
body { max-width: 60rem; margin: 0 auto; padding: 0 0.5rem; }
.jp-Cell-inputWrapper, .jp-Cell-outputWrapper, .jp-InputArea, .jp-OutputArea-child { min-width: 0; }
.jp-RenderedHTMLCommon, .jp-OutputArea-output, .jp-InputArea-editor { min-width: 0; }
.jp-RenderedHTMLCommon { overflow-wrap: anywhere; }
pre, table, .equation { max-width: 100%; overflow-x: auto; }
.jp-OutputArea-output pre { white-space: pre; }
table { display: block; width: max-content; }
img { max-width: 100%; height: auto; }
.equation { display: flex; align-items: center; margin: 1em 0; }
math {
  font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math;
}
.equation math { flex: 1 0 auto; padding: 0.2em 0; }
.jp-RenderedHTMLCommon a:link { text-decoration: underline; }
.jp-Cell .jp-InputPrompt, .jp-Cell .jp-OutputPrompt { color: #616161; opacity: 1 !important; }
:root {
  --jp-mirror-editor-comment-color: #2d6565;
  --jp-mirror-editor-number-color: #006400;
  --jp-mirror-editor-operator-color: #8000d7;
}
@media (max-width: 40rem) {
  .jp-Notebook, .jp-Cell { padding: 0.3rem 0; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
}
</style>
{% endblock %}
{% block data_png scoped %}
{%- set alt = output | get_metadata("alt", "image/png") or "" -%}
{{ super() | replace("<img ", '<img alt="' ~ (alt | escape_html) ~ '" ') }}
{% endblock %}
"""


def formula(latex: str, block: bool) -> str:
    """A formula as MathML, which browsers draw themselves.

    A command that has no form in MathML is shown as it is written.
    """
    tag = TAG.search(latex)
    converter = math_core.LatexToMathML(continue_on_error=True, fancy_error=False)
    drawn = converter.convert_with_local_state(TAG.sub("", latex), displaystyle=block)
    if not block:
        return drawn
    number = f"<span>({html.escape(tag[1])})</span>" if tag else ""
    return f'<div class="equation" tabindex="0">{drawn}{number}</div>'


class Renderer(IPythonRenderer):
    """Markdown with formulas in MathML and links that lead to other pages."""

    def inline_math(self, body: str) -> str:
        return formula(body, block=False)

    def block_math(self, body: str) -> str:
        return formula(body, block=True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, LESSON_LINK.sub(r"\1.html", url), title)


class Exporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        return MarkdownWithMath(renderer=Renderer(escape=False)).render(source)


def to_html(notebook: nbformat.NotebookNode) -> str:
    """The notebook as one page, in JupyterLab's looks, named by its first heading."""
    head = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    title = head.partition("\n")[0].lstrip("# ")
    loader = DictLoader({"karpa.html.j2": TEMPLATE})
    exporter = Exporter(template_name="lab", template_file="karpa.html.j2", extra_loaders=[loader])
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    # What scrolls must be in reach of the keyboard.
    return re.sub(r"<(pre|table)\b", r'<\1 tabindex="0"', page)
