from .decoding import (
    Beam as Beam,
)
from .decoding import (
    Decoded as Decoded,
)
from .decoding import (
    beam as beam,
)
from .decoding import (
    best as best,
)
from .decoding import (
    check_temperature as check_temperature,
)
from .decoding import (
    cool as cool,
)
from .decoding import (
    greedy as greedy,
)
from .decoding import (
    length_penalty as length_penalty,
)
from .decoding import (
    next_log_probabilities as next_log_probabilities,
)
from .decoding import (
    round_up as round_up,
)
from .decoding import (
    sample as sample,
)
from .decoding import (
    translate as translate,
)
from .examples import (
    Examples as Examples,
)
from .examples import (
    Recalled as Recalled,
)
from .examples import (
    interpolate as interpolate,
)
from .fitting import (
    PairsEvaluation as PairsEvaluation,
)
from .fitting import (
    by_shape as by_shape,
)
from .fitting import (
    check_rows as check_rows,
)
from .fitting import (
    evaluate_pairs as evaluate_pairs,
)
from .fitting import (
    pair_loss as pair_loss,
)
from .fitting import (
    weights_of as weights_of,
)
from .losses import (
    cross_entropy as cross_entropy,
)
from .losses import (
    has_highest_logit as has_highest_logit,
)
from .losses import (
    log_probability as log_probability,
)
from .losses import (
    token_losses as token_losses,
)
from .networks import (
    AttentionScore as AttentionScore,
)
from .networks import (
    DecoderState as DecoderState,
)
from .networks import (
    EncoderMemory as EncoderMemory,
)
from .networks import (
    Seq2Seq as Seq2Seq,
)
from .scores import (
    Difference as Difference,
)
from .scores import (
    Score as Score,
)
from .scores import (
    alignment_error_rate as alignment_error_rate,
)
from .scores import (
    bleu as bleu,
)
from .scores import (
    bootstrap as bootstrap,
)
from .scores import (
    chrf as chrf,
)
from .scores import (
    exact_match as exact_match,
)
from .scores import (
    from_counts as from_counts,
)
from .scores import (
    links as links,
)
from .scores import (
    matches as matches,
)
from .scores import (
    paired_bootstrap as paired_bootstrap,
)
from .scores import (
    token_accuracy as token_accuracy,
)
from .transformer import (
    SourceMemory as SourceMemory,
)
from .transformer import (
    Transformer as Transformer,
)
from .transformer import (
    transformer_parameters as transformer_parameters,
)
from .transformer import (
    width_for as width_for,
)
