"""Plausible wrong answers to the exercises of lesson 15. Each must fail its check."""

import numpy as np


def apart_by_reshape(x, heads):
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


def apart_behind(x, heads):
    return x.reshape(*x.shape[:2], heads, -1)


def apart_interleaved(x, heads):
    N, T, D = x.shape
    return x.reshape(N, T, D // heads, heads).transpose(0, 3, 1, 2)


def apart_turned(x, heads):
    N, T, D = x.shape
    return x.reshape(N, T, heads, D // heads).transpose(0, 2, 3, 1)


def _shift(s, k, frequencies, sign=1):
    turn = k * frequencies
    moved = np.empty_like(s, dtype=float)
    moved[0::2] = s[0::2] * np.cos(turn) + sign * s[1::2] * np.sin(turn)
    moved[1::2] = s[1::2] * np.cos(turn) - sign * s[0::2] * np.sin(turn)
    return moved


def _frequencies(s):
    return 10000.0 ** (-np.arange(0, len(s), 2) / len(s))


def shift_backwards(s, k):
    return _shift(s, k, _frequencies(s), sign=-1)


def shift_with_one_frequency(s, k):
    return _shift(s, k, np.ones(len(s) // 2))


def shift_with_half_the_exponent(s, k):
    return _shift(s, k, 10000.0 ** (-np.arange(len(s) // 2) / len(s)))


def shift_by_halves(s, k):
    half = len(s) // 2
    mixed = np.empty_like(s)
    mixed[0::2], mixed[1::2] = s[:half], s[half:]
    moved = _shift(mixed, k, _frequencies(s))
    return np.concatenate([moved[0::2], moved[1::2]])


def shift_in_place(s, k):
    turn = k * _frequencies(s)
    s[0::2], s[1::2] = (
        s[0::2] * np.cos(turn) + s[1::2] * np.sin(turn),
        s[1::2] * np.cos(turn) - s[0::2] * np.sin(turn),
    )
    return s


def shift_first_then_second(s, k):
    turn, moved = k * _frequencies(s), np.array(s, dtype=float)
    moved[0::2] = moved[0::2] * np.cos(turn) + moved[1::2] * np.sin(turn)
    moved[1::2] = moved[1::2] * np.cos(turn) - moved[0::2] * np.sin(turn)
    return moved


def bytes_of_keys_alone(layers, width, heads, shared, length, batch):
    return layers * width / shared * length * batch * 2 / 1e6


def bytes_in_float32(layers, width, heads, shared, length, batch):
    return 2 * layers * width / shared * length * batch * 4 / 1e6


def bytes_without_batch(layers, width, heads, shared, length, batch):
    return 2 * layers * width / shared * length * 2 / 1e6


def bytes_by_head(layers, width, heads, shared, length, batch):
    return 2 * layers * width * heads / shared * length * batch * 2 / 1e6


def bytes_not_shared(layers, width, heads, shared, length, batch):
    return 2 * layers * width * length * batch * 2 / 1e6


def bytes_of_one_set(layers, width, heads, shared, length, batch):
    sets = 1 if shared > 1 else heads
    return 2 * layers * sets * (width // heads) * length * batch * 2 / 1e6


def _changed(model, change, upto, tolerance=1e-5):
    ids = np.random.default_rng(0).integers(10, size=12)
    other = ids.copy()
    other[change] = (other[change] + 3) % 10
    return not np.allclose(model(ids)[:upto], model(other)[:upto], atol=tolerance)


def peeps_at_the_last_token(model):
    return _changed(model, slice(11, 12), 11)


def peeps_at_the_next_token(model):
    return any(_changed(model, slice(t + 1, t + 2), t + 1) for t in range(5))


def peeps_roughly(model):
    return any(_changed(model, slice(t + 1, None), t + 1, 0.05) for t in range(11))


def peeps_includes_its_own_token(model):
    return any(_changed(model, slice(t, None), t + 1) for t in range(11))


def peeps_at_any_change(model):
    return _changed(model, slice(0, 12), 12)


def peeps_never(model):
    return False


def peeps_always(model):
    return True


def peeps_in_short_texts_only(model):
    ids = np.random.default_rng(0).integers(10, size=8)
    whole = model(ids)
    return any(not np.allclose(model(ids[: t + 1])[t], whole[t], atol=1e-5) for t in range(8))


def _turn(x, places, frequencies, sign=1):
    angle = np.asarray(places)[:, None] * frequencies
    turned = np.empty_like(x, dtype=float)
    turned[:, 0::2] = x[:, 0::2] * np.cos(angle) + sign * x[:, 1::2] * np.sin(angle)
    turned[:, 1::2] = x[:, 1::2] * np.cos(angle) - sign * x[:, 0::2] * np.sin(angle)
    return turned


def turn_by_adding(x, places):
    d = x.shape[1]
    angle = np.asarray(places)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    return x + np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(x.shape)


def turn_with_one_frequency(x, places):
    return _turn(x, places, np.ones(x.shape[1] // 2))


def turn_the_other_way(x, places):
    d = x.shape[1]
    return _turn(x, places, 10000.0 ** (-np.arange(0, d, 2) / d), sign=-1)


def turn_by_halves(x, places):
    d = x.shape[1]
    mixed = np.empty_like(x)
    mixed[:, 0::2], mixed[:, 1::2] = x[:, : d // 2], x[:, d // 2 :]
    moved = _turn(mixed, places, 10000.0 ** (-np.arange(0, d, 2) / d))
    return np.concatenate([moved[:, 0::2], moved[:, 1::2]], axis=1)


def turn_reflects(x, places):
    d = x.shape[1]
    angle = np.asarray(places)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    turned = np.empty_like(x, dtype=float)
    turned[:, 0::2] = x[:, 0::2] * np.cos(angle) + x[:, 1::2] * np.sin(angle)
    turned[:, 1::2] = x[:, 0::2] * np.sin(angle) - x[:, 1::2] * np.cos(angle)
    return turned


def turn_by_the_number_of_the_row(x, places):
    d = x.shape[1]
    return _turn(x, np.arange(len(x)), 10000.0 ** (-np.arange(0, d, 2) / d))


MISTAKES = {
    "15.1": [apart_by_reshape, apart_behind, apart_interleaved, apart_turned],
    "15.2": [
        shift_backwards,
        shift_with_one_frequency,
        shift_with_half_the_exponent,
        shift_by_halves,
        shift_in_place,
        shift_first_then_second,
    ],
    "15.3": [
        bytes_of_keys_alone,
        bytes_in_float32,
        bytes_without_batch,
        bytes_by_head,
        bytes_not_shared,
        bytes_of_one_set,
    ],
    "15.4": [
        peeps_at_the_last_token,
        peeps_at_the_next_token,
        peeps_roughly,
        peeps_includes_its_own_token,
        peeps_at_any_change,
        peeps_never,
        peeps_always,
        peeps_in_short_texts_only,
    ],
    "15.5": [
        turn_by_adding,
        turn_with_one_frequency,
        turn_the_other_way,
        turn_by_halves,
        turn_reflects,
        turn_by_the_number_of_the_row,
    ],
}
