from .convolution import (
    Conv3x3 as Conv3x3,
)
from .convolution import (
    ConvStride2 as ConvStride2,
)
from .convolution import (
    ConvTranspose2x as ConvTranspose2x,
)
from .dropout import (
    rngs_for as rngs_for,
)
from .positions import (
    Positions as Positions,
)
from .positions import (
    sinusoids as sinusoids,
)
from .recurrent import (
    Bidirectional as Bidirectional,
)
from .recurrent import (
    Cell as Cell,
)
from .recurrent import (
    ElmanCell as ElmanCell,
)
from .recurrent import (
    GRUCell as GRUCell,
)
from .recurrent import (
    LSTMCell as LSTMCell,
)
from .recurrent import (
    initial_carry as initial_carry,
)
from .recurrent import (
    make_cell as make_cell,
)
from .recurrent import (
    output_of as output_of,
)
from .recurrent import (
    run as run,
)
from .transformer import (
    Block as Block,
)
from .transformer import (
    KeysValues as KeysValues,
)
from .transformer import (
    MultiHeadAttention as MultiHeadAttention,
)
from .transformer import (
    Stack as Stack,
)
from .transformer import (
    StackState as StackState,
)
from .transformer import (
    attend_heads as attend_heads,
)
from .transformer import (
    causal_mask as causal_mask,
)
from .transformer import (
    count_parameters as count_parameters,
)
from .transformer import (
    stack_parameters as stack_parameters,
)
