"""Plausible wrong answers to the exercises of lesson 04. Each must fail its check."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier


def answer_without_share(p, q, share):
    return p / (p + q)


def answer_with_share_in_front(p, q, share):
    return share * p / (p + q)


def answer_turned_round(p, q, share):
    return (1 - share) * q / (share * p + (1 - share) * q)


def answer_with_shares_swapped(p, q, share):
    return (1 - share) * p / ((1 - share) * p + share * q)


def answer_by_ratio(p, q, share):
    return share * p / ((1 - share) * q)


def js_nan_at_zeros(p, q):
    m = (p + q) / 2
    return (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) / 2


def js_by_nansum(p, q):
    m = (p + q) / 2
    return np.nansum(p * np.log(p / m)) + np.nansum(q * np.log(q / m))


def js_where_both(p, q):
    both = (p > 0) & (q > 0)
    return js_nan_at_zeros(p[both], q[both])


def js_of_kls(p, q):
    tiny = 1e-12
    return (
        np.sum(p * np.log((p + tiny) / (q + tiny))) + np.sum(q * np.log((q + tiny) / (p + tiny)))
    ) / 2


def js_in_bits(p, q):
    return js_right(p, q) / np.log(2)


def js_root(p, q):
    return np.sqrt(js_right(p, q))


def js_right(p, q):
    def part(a):
        used = a > 0
        return np.sum(a[used] * np.log(2 * a[used] / (p + q)[used]))

    return (part(p) + part(q)) / 2


def reply_least_trusted(D):
    return np.eye(len(D))[np.argmin(D)]


def reply_proportional(D):
    return D / D.sum()


def reply_softmax(D):
    return np.exp(50 * D) / np.exp(50 * D).sum()


def reply_index(D):
    return np.argmax(D)


def reply_every_maximum(D):
    return (D.max() == D).astype(float)


def stretch_at_once(h, k):
    return np.sqrt(1 + k * h**2)


def stretch_one(h, k):
    return 1.0


def stretch_without_k(h, k):
    return np.abs(np.linalg.eigvals([[1, -h], [h, 1 - h**2]])).max()


def stretch_whole_turn_k_times(h, k):
    B = np.array([[1, -h], [h, 1 - h**2]])
    return np.abs(np.linalg.eigvals(np.linalg.matrix_power(B, k))).max()


def stretch_smallest(h, k):
    return np.abs(np.linalg.eigvals([[1, -k * h], [h, 1 - k * h**2]])).min()


def stretch_signed(h, k):
    return np.linalg.eigvals([[1, -k * h], [h, 1 - k * h**2]]).real.max()


def _value(judge, x, y):
    D = [np.clip(judge.predict_proba(a[:, None])[:, 1], 1e-6, 1 - 1e-6) for a in (x, y)]
    return np.log(D[0]).mean() + np.log(1 - D[1]).mean()


def _fitted(judge, x, y):
    labels = np.repeat([1, 0], [len(x), len(y)])
    return judge.fit(np.concatenate([x, y])[:, None], labels)


def measured_linear(x, y):
    half = len(x) // 2
    judge = _fitted(LogisticRegression(), x[:half], y[:half])
    return (_value(judge, x[half:], y[half:]) + np.log(4)) / 2


def measured_on_training_samples(x, y):
    judge = _fitted(KNeighborsClassifier(20), x, y)
    return (_value(judge, x, y) + np.log(4)) / 2


def measured_over_sure(x, y):
    half = len(x) // 2
    judge = _fitted(KNeighborsClassifier(1), x[:half], y[:half])
    return (_value(judge, x[half:], y[half:]) + np.log(4)) / 2


def measured_without_half(x, y):
    half = len(x) // 2
    judge = _fitted(KNeighborsClassifier(60), x[:half], y[:half])
    return _value(judge, x[half:], y[half:]) + np.log(4)


def measured_value(x, y):
    half = len(x) // 2
    judge = _fitted(LogisticRegression(), x[:half], y[:half])
    return _value(judge, x[half:], y[half:])


def measured_by_gaussians(x, y):
    t = np.linspace(-12, 12, 2001)
    p, q = (np.exp(-(((t - a.mean()) / a.std()) ** 2) / 2) / a.std() for a in (x, y))
    return js_right(p / p.sum(), q / q.sum())


MISTAKES = {
    "04.1": [
        answer_without_share,
        answer_with_share_in_front,
        answer_turned_round,
        answer_with_shares_swapped,
        answer_by_ratio,
    ],
    "04.2": [js_nan_at_zeros, js_by_nansum, js_where_both, js_of_kls, js_in_bits, js_root],
    "04.3": [
        reply_least_trusted,
        reply_proportional,
        reply_softmax,
        reply_index,
        reply_every_maximum,
    ],
    "04.4": [
        stretch_at_once,
        stretch_one,
        stretch_without_k,
        stretch_whole_turn_k_times,
        stretch_smallest,
        stretch_signed,
    ],
    "04.5": [
        measured_linear,
        measured_on_training_samples,
        measured_over_sure,
        measured_without_half,
        measured_value,
        measured_by_gaussians,
    ],
}
