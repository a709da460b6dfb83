"""Mistakes in how a model is put together."""

from mistakes.mistake import Mistake

BUILDING = {
    "AD031": Mistake(
        "A module registers the parameters and modules that are assigned to it. It does not look into lists, so `parameters()` "
        "leaves out what is in one.",
        """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.others = [nn.Linear(3, 3), nn.Linear(3, 3)]

optimizer = optim.SGD(Net().parameters(), lr=0.1)  # here
""",
        "put them into an nn.ModuleList",
        """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.others = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])

optimizer = optim.SGD(Net().parameters(), lr=0.1)
""",
        see="06-who-gets-a-gradient.md#two-layers-and-everything-learns",
    ),
}
