"""What data the course can use: address, checksum, licence, size and embedded default of each set.

A further set is one more entry of SOURCES.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["file", "gzip", "text", "archive"]


@dataclass(frozen=True)
class Item:
    """One file of a data set, or one archive that is unpacked into a folder.

    Attributes:
        name: The file in the cache; for an archive, the folder that it is unpacked into.
        sha256: The checksum of the content, whatever it was packed with: of a file's bytes, of
            what a gzip file holds, or of an unpacked folder as `archives.tree_digest` defines it.
        size: Bytes to download, about.
        urls: Canonical addresses, the first that works is used.
        form: How the content is packed; "text" is a plain file that may also come as gzip.
        packed: The file's name in a mirror or in the learner's folder, where it is not `name`.
        members: For an archive: a regular expression that matches the members to unpack. Its
            first group is the path in the folder.
    """

    name: str
    sha256: str
    size: int
    urls: tuple[str, ...]
    form: Form = "file"
    packed: str = ""
    members: str = "(.+)"

    @property
    def packed_name(self) -> str:
        """The file's name where it lies as it was published."""
        return self.packed or self.name


@dataclass(frozen=True)
class Source:
    """A data set.

    Attributes:
        name: Its key in SOURCES and its folder in the cache.
        title: Its name in print.
        contents: What is in it, in a few words.
        licence: Its terms and credit, printed when it is used.
        items: Its files.
        embedded: What the course uses where none of it can be had.
        mirror: Its folder in a mirror, where that is not `name`.
        system: Folders of system packages that may hold it.
        changes: What to do where the address serves something else by now.
    """

    name: str
    title: str
    contents: str
    licence: str
    items: tuple[Item, ...]
    embedded: str
    mirror: str = ""
    system: tuple[str, ...] = ()
    changes: str = ""

    @property
    def size(self) -> int:
        """Bytes to download in all, about."""
        return sum(item.size for item in self.items)

    @property
    def mirror_folder(self) -> str:
        """Its folder in a mirror."""
        return self.mirror or self.name

    def item(self, name: str) -> Item:
        """The item of that name."""
        return next(item for item in self.items if item.name == name)


def _fashion(name: str, size: int, sha256: str) -> Item:
    bucket = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
    repository = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
    return Item(name, sha256, size, (f"{bucket}/{name}", f"{repository}/{name}"), "gzip")


def _mnist(name: str, size: int, sha256: str) -> Item:
    mirrors = (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    )
    return Item(name, sha256, size, tuple(f"{mirror}/{name}" for mirror in mirrors), "gzip")


def _multi30k(name: str, size: int, sha256: str) -> Item:
    repository = "https://raw.githubusercontent.com/multi30k/dataset"
    urls = tuple(f"{repository}/{at}/data/task1/raw/{name}" for at in ("a3d2e0d", "master"))
    return Item(name, sha256, size, urls, "gzip")


FASHION_MNIST = Source(
    name="fashion_mnist",
    title="Fashion-MNIST",
    contents="60,000 + 10,000 grey images 28x28 in 10 classes",
    licence="MIT, Zalando SE 2017",
    embedded="its 10,000 test images",
    system=("/usr/share/datasets/fashion-mnist",),
    # Debian compressed the files anew, so what is fixed is the content: these are the SHA-256
    # sums of the gunzipped files, equal for both.
    items=(
        _fashion(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        _fashion(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        _fashion(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        _fashion(
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
)

FACES = Source(
    name="faces",
    title="FFHQ faces, resized",
    contents="5,000 aligned colour faces 128x128",
    licence=(
        "CC BY-NC-SA 4.0 as a collection, credit NVIDIA FFHQ (resized). Non-commercial, never for "
        "face recognition. The people shown, some of them children, gave no consent to machine "
        "learning"
    ),
    embedded="faces drawn by rule",
    items=(
        Item(
            name="images",
            packed="ffhq_first5000_128px.zip",
            form="archive",
            # The address packs the whole repository, the mirror the faces alone.
            members=r"(?:.*/)?(\d{5}\.jpg)",
            sha256="57698d4bd37830de95406feffe2657119fd137ecec90c99bf191e19945e83b39",
            size=14_000_000,
            urls=(
                "https://github.com/jamescalixto/face-memory/archive/"
                "3cc79f0bacdf44f63e432dc59bc1feb9e7070969.zip",
            ),
        ),
    ),
)

TATOEBA = Source(
    name="tatoeba",
    title="Tatoeba English-French",
    contents="142,787 sentence pairs, the edition of 2017",
    licence="CC BY 2.0 FR, credit tatoeba.org and manythings.org",
    embedded="English-French sentences written by rule",
    mirror="eng_fra",
    changes=(
        "The address serves newer editions of this collection. The course's figures belong to the "
        "edition of 2017, so another edition is refused. To use it as your own data, download and "
        'unpack fra-eng.zip and call karpa_helpers.data.text.pairs_from_file("fra.txt").'
    ),
    items=(
        Item(
            name="pairs",
            packed="fra-eng.zip",
            form="archive",
            members=r"(fra\.txt)",
            sha256="ebee917da7eea3dc19814c5f2a9a8fa8fbdb5bed844ee64d58acc2099aab86f9",
            size=2_951_390,
            urls=("https://www.manythings.org/anki/fra-eng.zip",),
        ),
    ),
)

MULTI30K = Source(
    name="multi30k",
    title="Multi30k English-French",
    contents="29,000 + 1,014 + 1,000 pairs of image captions",
    licence="none stated; for research and teaching, non-commercial; credit multi30k/dataset",
    embedded="English-French sentences written by rule",
    items=(
        _multi30k(
            "train.en.gz",
            568_929,
            "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
        ),
        _multi30k(
            "train.fr.gz",
            604_242,
            "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
        ),
        _multi30k(
            "val.en.gz",
            21_650,
            "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
        ),
        _multi30k(
            "val.fr.gz",
            23_001,
            "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
        ),
        _multi30k(
            "test_2016_flickr.en.gz",
            21_077,
            "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
        ),
        _multi30k(
            "test_2016_flickr.fr.gz",
            22_310,
            "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
        ),
    ),
)

MNIST = Source(
    name="mnist",
    title="MNIST, test part",
    contents="10,000 grey images 28x28 of written digits",
    licence="free to use; cite LeCun, Bottou, Bengio, Haffner 1998",
    embedded="scikit-learn's 1,797 digits of 8x8 pixels, enlarged",
    items=(
        _mnist(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        _mnist(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)

NAMES = Source(
    name="names",
    title="Names",
    contents="32,033 first names of people born in the United States, one a line",
    licence="MIT, from karpathy/makemore",
    embedded="names made by rule",
    mirror="text",
    items=(
        Item(
            name="names.txt",
            form="text",
            sha256="0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
            size=228_145,
            urls=("https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",),
        ),
    ),
)

SHAKESPEARE = Source(
    name="shakespeare",
    title="Tiny Shakespeare",
    contents="40,000 lines of Shakespeare's plays",
    licence="the text is in the public domain; collected in karpathy/char-rnn (MIT)",
    embedded="English sentences written by rule",
    mirror="text",
    items=(
        Item(
            name="tinyshakespeare.txt",
            packed="tinyshakespeare.txt.gz",
            form="text",
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            size=1_115_394,
            urls=(
                "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/"
                "tinyshakespeare/input.txt",
            ),
        ),
    ),
)

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (FASHION_MNIST, FACES, TATOEBA, MULTI30K, MNIST, NAMES, SHAKESPEARE)
}
