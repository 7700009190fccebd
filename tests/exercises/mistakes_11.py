"""Plausible wrong answers to the exercises of lesson 11. Each must fail its check."""

import numpy as np


def cost_in_nats(p, mask):
    return -np.log(p[mask.astype(bool)]).mean()


def cost_negative(p, mask):
    return np.log2(p[mask.astype(bool)]).mean()


def cost_with_padding(p, mask):
    return -np.log2(p).mean()


def cost_divided_by_all(p, mask):
    return -(np.log2(p) * mask).mean()


def cost_sum(p, mask):
    return -(np.log2(p) * mask).sum()


def cost_mean_of_rows(p, mask):
    return (-(np.log2(p) * mask).sum(axis=1) / mask.sum(axis=1)).mean()


def cost_of_mean(p, mask):
    return -np.log2(p[mask.astype(bool)].mean())


def bias_without_steps(share, steps):
    return np.log(share / (1 - share))


def bias_power(share, steps):
    f = share**steps
    return np.log(f / (1 - f))


def bias_divided(share, steps):
    return np.log(share / (1 - share)) / steps


def bias_is_the_gate(share, steps):
    return share ** (1 / steps)


def bias_logarithm(share, steps):
    return np.log(share ** (1 / steps))


def bias_sign(share, steps):
    f = share ** (1 / steps)
    return np.log((1 - f) / f)


def clip_each(gradients, most):
    return [g * min(1, most / max(np.linalg.norm(g), 1e-12)) for g in gradients]


def clip_values(gradients, most):
    return [np.clip(g, -most, most) for g in gradients]


def clip_always(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * most / max(norm, 1e-12) for g in gradients]


def clip_square(gradients, most):
    norm = sum(np.sum(g**2) for g in gradients)
    return [g * min(1, most / max(norm, 1e-12)) for g in gradients]


def clip_nan(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    with np.errstate(invalid="ignore", divide="ignore"):
        return [g / norm * min(norm, most) for g in gradients]


def clip_nothing(gradients, most):
    return gradients


def _truncated(w, xs, y, k, *, derivative=True, transpose=True, shift=True, last=0):
    h = [np.zeros(len(w["b"]))]
    for x in xs:
        h.append(np.tanh(w["W"] @ x + w["U"] @ h[-1] + w["b"]))
    slope = np.zeros(w["U"].shape)
    for t in range(1, len(xs) + 1):
        o = w["V"] @ h[t]
        p = np.exp(o - o.max())
        back = w["V"].T @ (p / p.sum() - np.eye(len(o))[y[t - 1]])
        for s in range(t, max(t - k - last, 0), -1):
            delta = (1 - h[s] ** 2) * back if derivative else back
            slope += np.outer(delta, h[s - 1] if shift else h[s])
            back = (w["U"].T if transpose else w["U"]) @ delta
    return slope


def truncated_never(w, xs, y, k):
    return _truncated(w, xs, y, len(xs))


def truncated_one_more(w, xs, y, k):
    return _truncated(w, xs, y, k, last=1)


def truncated_without_tanh(w, xs, y, k):
    return _truncated(w, xs, y, k, derivative=False)


def truncated_not_transposed(w, xs, y, k):
    return _truncated(w, xs, y, k, transpose=False)


def truncated_same_state(w, xs, y, k):
    return _truncated(w, xs, y, k, shift=False)


def truncated_in_blocks(w, xs, y, k):
    """Cuts the text every k steps, so most losses reach back less."""
    h, slope = [np.zeros(len(w["b"]))], np.zeros(w["U"].shape)
    for x in xs:
        h.append(np.tanh(w["W"] @ x + w["U"] @ h[-1] + w["b"]))
    later = np.zeros(len(w["b"]))
    for t in range(len(xs), 0, -1):
        if t % k == 0:
            later = 0 * later
        o = w["V"] @ h[t]
        p = np.exp(o - o.max())
        error = p / p.sum() - np.eye(len(o))[y[t - 1]]
        delta = (1 - h[t] ** 2) * (w["V"].T @ error + later)
        slope += np.outer(delta, h[t - 1])
        later = w["U"].T @ delta
    return slope


def share_half(p, q):
    return 0.5


def share_of_wins(p, q):
    return float(np.mean(p > q))


def share_all_or_nothing(p, q):
    return float(np.log(p).mean() > np.log(q).mean())


def share_turned_round(p, q):
    return 1 - share_coarse(p, q, 2001)


def share_coarse(p, q, count=11):
    shares = np.linspace(0, 1, count)
    return shares[np.argmax([np.log(a * p + (1 - a) * q).mean() for a in shares])]


def share_of_mean_probability(p, q):
    shares = np.linspace(0, 1, 2001)
    return shares[np.argmax([(a * p + (1 - a) * q).mean() for a in shares])]


def share_of_logarithms(p, q):
    shares = np.linspace(0, 1, 2001)
    return shares[np.argmax([(a * np.log(p) + (1 - a) * np.log(q)).mean() for a in shares])]


MISTAKES = {
    "11.1": [
        cost_in_nats,
        cost_negative,
        cost_with_padding,
        cost_divided_by_all,
        cost_sum,
        cost_mean_of_rows,
        cost_of_mean,
    ],
    "11.2": [
        bias_without_steps,
        bias_power,
        bias_divided,
        bias_is_the_gate,
        bias_logarithm,
        bias_sign,
    ],
    "11.3": [clip_each, clip_values, clip_always, clip_square, clip_nan, clip_nothing],
    "11.4": [
        truncated_never,
        truncated_one_more,
        truncated_without_tanh,
        truncated_not_transposed,
        truncated_same_state,
        truncated_in_blocks,
    ],
    "11.5": [
        share_half,
        share_of_wins,
        share_all_or_nothing,
        share_turned_round,
        share_coarse,
        share_of_mean_probability,
        share_of_logarithms,
    ],
}
