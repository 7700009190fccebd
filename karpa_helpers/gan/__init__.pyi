from .fitting import (
    Graphs as Graphs,
)
from .fitting import (
    Recipe as Recipe,
)
from .fitting import (
    adversarial_step as adversarial_step,
)
from .fitting import (
    create_game_state as create_game_state,
)
from .fitting import (
    generate as generate,
)
from .fitting import (
    sample as sample,
)
from .judges import (
    Classifier as Classifier,
)
from .judges import (
    Judge as Judge,
)
from .judges import (
    Yardstick as Yardstick,
)
from .judges import (
    augment as augment,
)
from .judges import (
    classification_loss as classification_loss,
)
from .judges import (
    fit_judge as fit_judge,
)
from .judges import (
    fit_yardstick as fit_yardstick,
)
from .judges import (
    load_yardstick as load_yardstick,
)
from .judges import (
    make_optimizer as make_optimizer,
)
from .losses import (
    HINGE as HINGE,
)
from .losses import (
    LEAST_SQUARES as LEAST_SQUARES,
)
from .losses import (
    MINIMAX as MINIMAX,
)
from .losses import (
    NON_SATURATING as NON_SATURATING,
)
from .losses import (
    RELATIVISTIC as RELATIVISTIC,
)
from .losses import (
    WASSERSTEIN as WASSERSTEIN,
)
from .losses import (
    Game as Game,
)
from .losses import (
    discriminator_loss as discriminator_loss,
)
from .losses import (
    hinge_loss as hinge_loss,
)
from .losses import (
    least_squares_loss as least_squares_loss,
)
from .losses import (
    non_saturating_loss as non_saturating_loss,
)
from .losses import (
    pairing_loss as pairing_loss,
)
from .losses import (
    r1 as r1,
)
from .losses import (
    r1_r2 as r1_r2,
)
from .losses import (
    saturating_loss as saturating_loss,
)
from .losses import (
    slope_one as slope_one,
)
from .losses import (
    slopes as slopes,
)
from .losses import (
    wasserstein_loss as wasserstein_loss,
)
from .networks import (
    DCGANDiscriminator as DCGANDiscriminator,
)
from .networks import (
    DCGANGenerator as DCGANGenerator,
)
from .networks import (
    PlainDiscriminator as PlainDiscriminator,
)
from .networks import (
    check_images as check_images,
)
from .networks import (
    check_latent as check_latent,
)
from .networks import (
    leaky as leaky,
)
from .scores import (
    Neighbours as Neighbours,
)
from .scores import (
    Scores as Scores,
)
from .scores import (
    class_counts as class_counts,
)
from .scores import (
    class_shares as class_shares,
)
from .scores import (
    copied as copied,
)
from .scores import (
    covered_classes as covered_classes,
)
from .scores import (
    frechet_distance as frechet_distance,
)
from .scores import (
    frechet_extrapolated as frechet_extrapolated,
)
from .scores import (
    judge as judge,
)
from .scores import (
    kernel_distance as kernel_distance,
)
from .scores import (
    nearest as nearest,
)
from .scores import (
    precision_recall as precision_recall,
)
