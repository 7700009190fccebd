from .attention import (
    additive_score as additive_score,
)
from .attention import (
    attend as attend,
)
from .attention import (
    dot_score as dot_score,
)
from .attention import (
    entropy as entropy,
)
from .attention import (
    general_score as general_score,
)
from .attention import (
    scaled_dot_product_attention as scaled_dot_product_attention,
)
from .attention import (
    softmax as softmax,
)
from .attention import (
    softmax_jacobian as softmax_jacobian,
)
from .divergences import (
    best_value as best_value,
)
from .divergences import (
    js as js,
)
from .divergences import (
    kl as kl,
)
from .divergences import (
    optimal_discriminator as optimal_discriminator,
)
from .divergences import (
    value as value,
)
from .divergences import (
    wasserstein_1d as wasserstein_1d,
)
from .ngrams import (
    NGrams as NGrams,
)
