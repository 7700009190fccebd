from .engine import (
    Diverged as Diverged,
)
from .engine import (
    Result as Result,
)
from .engine import (
    fit as fit,
)
from .step import (
    Gradient as Gradient,
)
from .step import (
    Loss as Loss,
)
from .step import (
    advance as advance,
)
from .step import (
    all_finite as all_finite,
)
from .step import (
    apply_gradient as apply_gradient,
)
from .step import (
    call as call,
)
from .step import (
    create_state as create_state,
)
from .step import (
    finite_leaves as finite_leaves,
)
from .step import (
    gradient_step as gradient_step,
)
from .step import (
    merge as merge,
)
from .step import (
    moving_average as moving_average,
)
from .stepping import (
    Metrics as Metrics,
)
from .stepping import (
    Step as Step,
)
from .stepping import (
    Tree as Tree,
)
