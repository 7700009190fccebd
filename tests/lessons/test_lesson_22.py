"""The profiler's view of a program: names, times, and what multiplies."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from karpa_helpers.lessons import lesson_22


def event(name: str, start: float, duration: float, thread: int = 1) -> dict:
    """As in a trace; times in microseconds."""
    return {
        "ph": "X", "pid": 7, "tid": thread, "ts": 1000 + start, "dur": duration, "name": name,
        "args": {"hlo_op": name, "hlo_module": "jit_f"},
    }  # fmt: skip


def test_a_whole_is_left_out_and_its_parts_stay() -> None:
    events = [
        event("dot.1", 0, 10),
        event("while.1", 20, 50),
        event("body.1", 21, 20),
        event("inner.1", 22, 5),
        event("body.2", 45, 24),
        event("other.1", 20, 50, thread=2),
        event("tanh.1", 80, 4),
        event("empty.1", 84, 0),  # behind it, and not a part of it
        {"ph": "X", "pid": 7, "tid": 1, "ts": 900, "dur": 900, "name": "a Python function"},
        {"ph": "M", "name": "process_name", "args": {"name": "/host:CPU"}},
    ]
    found = lesson_22._read(events[::-1])
    assert {one.name for one in found} == {
        "dot.1",
        "inner.1",
        "body.2",
        "other.1",
        "tanh.1",
        "empty.1",
    }
    assert [one.start for one in found] == sorted(one.start for one in found)
    by_name = {one.name: one for one in found}
    assert by_name["dot.1"].start == 0
    assert by_name["tanh.1"].seconds == pytest.approx(4e-6)
    assert by_name["other.1"].lane != by_name["dot.1"].lane == by_name["tanh.1"].lane


def test_nothing_seen_is_no_operation() -> None:
    assert lesson_22._read([]) == []


@jax.jit
def layers(x: jax.Array, w: jax.Array) -> jax.Array:
    return jax.lax.fori_loop(0, 3, lambda _, x: jnp.tanh(x @ w), x)


def test_a_call_is_seen_by_the_names_of_its_hlo() -> None:
    x, w = jnp.ones((64, 64)), jnp.ones((64, 64))
    program = layers.lower(x, w).compile()
    hlo, found = program.as_text(), lesson_22.operations(program, x, w)
    products = lesson_22.products(hlo)
    assert products
    assert all(f"%{one.name} " in hlo for one in found)
    assert sum(one.name in products for one in found) == 3  # the loop's, and not the loop itself
    assert all(one.seconds >= 0 and one.start >= 0 for one in found)


def test_products_are_found_alone_fused_and_in_libraries() -> None:
    hlo = """
%fused_computation.3 (p: f32[2,2]) -> f32[2,2] {
  ROOT %dot_general.1 = f32[2,2]{1,0} dot(%p, %p), lhs_contracting_dims={1}
}

%fused_computation.4 (p: f32[2,2]) -> f32[2,2] {
  ROOT %tanh.1 = f32[2,2]{1,0} tanh(%p)
}

ENTRY %main.5 (p: f32[2,2]) -> f32[2,2] {
  %ynn_fusion = f32[2,2]{1,0} fusion(%p), kind=kCustom, calls=%fused_computation.3
  %tanh_fusion = f32[2,2]{1,0} fusion(%p), kind=kLoop, calls=%fused_computation.4
  %dot.2 = f32[2,2]{1,0} dot(%p, %p), lhs_contracting_dims={1}
  %convolution.1 = f32[2,2]{1,0} convolution(%p, %p), window={size=1}
  %gemm.1 = f32[2,2]{1,0} custom-call(%p, %p), custom_call_target="__cublas$gemm"
  %attention.1 = f32[2,2]{1,0} custom-call(%p), custom_call_target="__cudnn$fmhaSoftmax"
  ROOT %top.1 = f32[2,2]{1,0} custom-call(%p), custom_call_target="TopK"
}
"""
    assert lesson_22.products(hlo) == {
        "dot_general.1", "ynn_fusion", "dot.2", "convolution.1", "gemm.1", "attention.1"
    }  # fmt: skip
