"""Rule-drawn faces: known factors, in the pixels where they belong and nowhere else."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from karpa_helpers.data.faces import FACTORS, RANGES, draw_faces, draw_factors, render
from karpa_helpers.data.faces.canvas import Canvas
from karpa_helpers.data.faces.head import COLOURS

PLAIN = {
    "hair_style": "short",
    "skin": "medium",
    "smile": 0.4,
    "eye_openness": 0.9,
    "mouth_open": 0.3,
}


def changed(one: dict, other: dict, pixels: int = 64) -> np.ndarray:
    """Where two pictures differ, (pixels, pixels) bool."""
    a, b = render(PLAIN | one, pixels)[0], render(PLAIN | other, pixels)[0]
    return (a != b).any(-1)


def fractions(mask: np.ndarray) -> tuple[float, float, float, float]:
    """The box around a mask as top, bottom, left, right, in shares of the picture."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    box = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return tuple(edge / len(mask) for edge in box)


def centre(mask: np.ndarray) -> np.ndarray:
    """Mean (x, y) of a mask in pixels."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("pixels", [16, 33, 64, 100])
def test_shape_type_and_range(pixels):
    images, factors = draw_faces(3, pixels, seed=1)
    assert images.shape == (3, pixels, pixels, 3)
    assert images.dtype == np.uint8
    assert images.max() > 200
    assert images.min() < 60
    assert set(factors) == set(FACTORS) | set(RANGES)
    assert all(v.shape == (3,) for v in factors.values())


def test_largest_size_is_drawn():
    assert draw_faces(1, 256)[0].shape == (1, 256, 256, 3)


def test_same_seed_same_faces_whatever_the_count():
    few, few_factors = draw_faces(10, 32, seed=5)
    many, many_factors = draw_faces(100, 32, seed=5)
    np.testing.assert_array_equal(few, many[:10])
    for name, values in few_factors.items():
        np.testing.assert_array_equal(values, many_factors[name][:10])
    assert (draw_faces(10, 32, seed=6)[0] != few).any()


def test_first_factors_stay_what_they_are():
    # Written down once: an update of NumPy must not change the data of the lessons.
    factors = draw_factors(4, seed=0)
    assert [factors[n].tolist() for n in ("skin", "hair_style", "glasses")] == FIRST
    np.testing.assert_allclose(factors["turn"], FIRST_TURNS, rtol=1e-5)


FIRST = [[2, 0, 2, 2], [0, 4, 2, 4], [1, 0, 0, 2]]
FIRST_TURNS = [1.919500, 6.620208, 12.632325, 18.794800]


def test_pictures_follow_from_the_factors_alone():
    images, factors = draw_faces(12, 48, seed=2)
    np.testing.assert_array_equal(render(factors, 48), images)
    seventh = {name: values[7] for name, values in factors.items()}
    np.testing.assert_array_equal(render(seventh, 48)[0], images[7])


def test_names_and_indices_mean_the_same():
    by_name = render({"skin": ["deep", "light"], "glasses": "round"})
    np.testing.assert_array_equal(by_name, render({"skin": [5, 1], "glasses": 1}))


def test_windows_cut_nothing_off(monkeypatch):
    factors = draw_factors(24, seed=3)
    factors["turn"] = np.where(factors["turn"] > 0, 22, -22).astype(np.float32)
    factors["tilt"] = np.where(factors["tilt"] > 0, 10, -10).astype(np.float32)
    one_by_one = [render({k: v[i] for k, v in factors.items()})[0] for i in range(24)]
    monkeypatch.setattr(Canvas, "_near", lambda *_: slice(None))
    np.testing.assert_array_equal(one_by_one, render(factors))


def test_frequencies_are_the_documented_probabilities():
    factors = draw_factors(20_000, seed=4)
    for name, (values, probabilities) in FACTORS.items():
        assert sum(probabilities) == pytest.approx(1)
        assert len(set(values)) == len(values) == len(probabilities)
        counts = np.bincount(factors[name], minlength=len(values))
        assert stats.chisquare(counts, 20_000 * np.array(probabilities)).pvalue > 1e-3, name
    for name, (low, high) in RANGES.items():
        test = stats.kstest(factors[name], stats.uniform(low, high - low).cdf)
        assert test.pvalue > 1e-3, name


def test_factors_are_independent():
    factors = draw_factors(20_000, seed=4)
    table = np.corrcoef([values.astype(float) for values in factors.values()])
    np.fill_diagonal(table, 0)
    assert np.abs(table).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("one", "other", "area"),
    [
        ({"glasses": "none"}, {"glasses": "round"}, (0.37, 0.57, 0.20, 0.80)),
        ({"glasses": "round"}, {"glasses": "square"}, (0.37, 0.57, 0.20, 0.80)),
        ({"eye_colour": "brown"}, {"eye_colour": "blue"}, (0.40, 0.52, 0.32, 0.68)),
        ({"eye_openness": 0.1}, {"eye_openness": 1.0}, (0.38, 0.53, 0.28, 0.72)),
        ({"brow_weight": 0.7}, {"brow_weight": 1.3}, (0.32, 0.42, 0.28, 0.72)),
        ({"nose_size": 0.8}, {"nose_size": 1.2}, (0.35, 0.66, 0.42, 0.58)),
        ({"smile": -0.5}, {"smile": 1.0}, (0.58, 0.80, 0.35, 0.65)),
        ({"mouth_open": 0.0}, {"mouth_open": 1.0}, (0.58, 0.80, 0.35, 0.65)),
        ({"beard": "no"}, {"beard": "yes"}, (0.48, 0.86, 0.22, 0.78)),
        ({"clothes": "navy"}, {"clothes": "white"}, (0.85, 1.00, 0.00, 1.00)),
    ],
)
def test_a_factor_changes_its_part_of_the_picture_only(one, other, area):
    mask = changed(one, other)
    top, bottom, left, right = fractions(mask)
    assert area[0] <= top
    assert bottom <= area[1]
    assert area[2] <= left
    assert right <= area[3]
    assert mask.sum() >= 12


def test_background_changes_around_the_person_only():
    mask = changed({"background": "sky"}, {"background": "rose"})
    assert mask[:5].all()
    assert not mask[16:44, 22:42].any()


def test_skin_leaves_background_and_clothes():
    mask = changed({"skin": "very light"}, {"skin": "deep"})
    assert mask[36:44, 24:40].mean() > 0.9
    assert not mask[:8].any()
    assert not mask[60:, :10].any()


@pytest.mark.parametrize("skin", range(6))
def test_skin_tone_can_be_measured_on_the_forehead(skin):
    image = render({"skin": skin, "hair_style": "bald"}, 64)[0] / 255
    forehead = image[17:22, 28:36].mean((0, 1))
    nearest = np.abs(COLOURS["skin"] - forehead).sum(1).argmin()
    assert nearest == skin


@pytest.mark.parametrize("style", ["bald", "short", "bob", "long", "curly", "bun"])
def test_turning_the_other_way_is_the_mirror_image(style):
    known = PLAIN | {"hair_style": style, "glasses": "square", "beard": "yes"}
    one = render(known | {"turn": 15, "tilt": -6, "light": 40}, 64)[0].astype(int)
    other = render(known | {"turn": -15, "tilt": 6, "light": -40}, 64)[0].astype(int)
    assert np.abs(one - other[:, ::-1]).max() <= 1


def eye_centres(**pose) -> np.ndarray:
    """Centres of the two eyes as seen in the picture: where the eye colour changes it."""
    mask = changed(pose | {"eye_colour": "brown"}, pose | {"eye_colour": "blue"}, 128)
    split = int(centre(mask)[0])
    left, right = mask.copy(), mask.copy()
    left[:, split:] = False
    right[:, :split] = False
    return np.array([centre(left), centre(right)])


def test_features_move_with_the_turn():
    across = [eye_centres(turn=turn)[:, 0] for turn in (-20, 0, 20)]
    assert across[0].mean() + 8 < across[1].mean() < across[2].mean() - 8
    # Seen from the side, the eyes come closer together.
    assert np.ptp(across[2]) < np.ptp(across[1])


@pytest.mark.parametrize("tilt", [-10, 0, 7])
def test_eyes_lie_on_a_line_of_the_given_tilt(tilt):
    (x0, y0), (x1, y1) = eye_centres(tilt=tilt)
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(tilt, abs=1.5)


def test_eyes_stay_inside_the_head_at_extreme_pose():
    factors = {"turn": [22, -22, 22], "tilt": [10, 10, -10], "eye_spacing": 1.08, "eye_size": 1.12}
    factors |= {"face_width": 0.93, "hair_style": "bald", "eye_openness": 1.0}
    eyes = (
        render(factors | {"eye_colour": 0}, 128) != render(factors | {"eye_colour": 2}, 128)
    ).any(-1)
    head = (render(factors | {"skin": 0}, 128) != render(factors | {"skin": 5}, 128)).any(-1)
    for mask, skin in zip(eyes, head, strict=True):
        rows, columns = np.nonzero(mask)
        for row in np.unique(rows):
            edge = np.nonzero(skin[row])[0]
            assert edge[0] < columns[rows == row].min()
            assert columns[rows == row].max() < edge[-1]


def test_light_brightens_its_side():
    left, right = render(PLAIN | {"light": [-60, 60]}, 64).astype(float)
    difference = (left - right)[30:44].mean((0, 2))
    assert difference[18:26].min() > 20
    assert difference[38:46].max() < -20


def test_a_larger_picture_shrunk_is_the_smaller_one():
    factors = draw_factors(20, seed=7)
    small = render(factors, 64).astype(float)
    large = render(factors, 128).reshape(20, 64, 2, 64, 2, 3).mean((2, 4))
    assert np.abs(small - large).mean() < 1.0
    half = render(factors, 32)
    np.testing.assert_allclose(half, small.reshape(20, 32, 2, 32, 2, 3).mean((2, 4)), atol=1)


# Of a linear reader; the most frequent value alone gives 0.28, 0.70, 0.32, 0.22 and 0.80.
LEAST_ACCURACY = {"skin": 0.6, "glasses": 0.9, "hair_colour": 0.6, "hair_style": 0.9, "beard": 0.93}


def test_factors_can_be_read_from_small_pictures():
    images, factors = draw_faces(1300, 32, seed=8)
    x = images.reshape(1300, -1) / 255
    targets = [np.eye(len(FACTORS[name][0]))[factors[name]] for name in LEAST_ACCURACY]
    reader = Ridge(alpha=3.0, solver="cholesky").fit(x[:1000], np.hstack(targets)[:1000])
    columns = np.cumsum([target.shape[1] for target in targets])[:-1]
    scores = np.split(reader.predict(x[1000:]), columns, axis=1)
    for (name, least), score in zip(LEAST_ACCURACY.items(), scores, strict=True):
        assert (score.argmax(1) == factors[name][1000:]).mean() > least, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"count": 2.5}, "count is 2.5"),
        ({"count": True}, "count is True"),
        ({"count": 1, "pixels": 15}, "16 to 256"),
        ({"count": 1, "pixels": 257}, "16 to 256"),
        ({"count": 1, "pixels": 64.0}, "whole number"),
        ({"count": 1, "seed": -1}, "seed is -1"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_faces(**arguments)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"skn": 1}, "unknown factor 'skn'"),
        ({"skin": "purple"}, "'purple' is no value of 'skin': choose from .*'deep'"),
        ({"skin": 6}, "6 is no value of 'skin'"),
        ({"skin": -1}, "-1 is no value"),
        ({"glasses": 1.5}, "1.5 is no value"),
        ({"glasses": []}, "no shape"),
        ({"glasses": [[1]]}, "no shape"),
        ({"turn": 30}, "'turn' must be .* -22.0 to 22.0"),
        ({"turn": "left"}, "'turn' must be"),
        ({"smile": float("nan")}, "'smile' must be"),
        ({"turn": [0, 1], "tilt": [0, 1, 2]}, "different lengths"),
    ],
)
def test_wrong_factors_are_named(factors, message):
    with pytest.raises(ValueError, match=message):
        render(factors)
