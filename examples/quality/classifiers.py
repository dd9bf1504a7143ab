# SPDX-License-Identifier: Apache-2.0
"""Two classifiers of Fashion-MNIST: one whose features distances are measured on, another that says what it sees.

They are trained once, by the CPU with fixed seeds, and kept in files.
"""
import numpy
import torch

import programs  # noqa: F401  # finds published
from published import quality_bench
from published.quality_bench import idx


class Observer(torch.nn.Module):
    """The one for accuracy: three convolutions with batch normalisation; nothing in common with the other."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs, stride):
            return [torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), torch.nn.BatchNorm2d(outputs),
                    torch.nn.ReLU()]
        self.layers = torch.nn.Sequential(*block(1, 32, 2), *block(32, 64, 1), *block(64, 96, 2),
                                          torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Dropout(0.2),
                                          torch.nn.Linear(96 * 16, 10))

    def forward(self, x):
        return self.layers((x - 0.286) / 0.353)


def train(model, epochs, seed):
    """Cross-entropy, with pictures turned over left to right at random."""
    torch.manual_seed(seed)
    x = torch.from_numpy(idx("train-images-idx3-ubyte").copy()).float().div(255).unsqueeze(1)
    y = torch.from_numpy(idx("train-labels-idx1-ubyte").copy()).long()
    batch, count = 128, len(x) // 128
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, epochs * count)
    for epoch in range(epochs):
        order = torch.randperm(len(x))
        for i in range(count):
            chosen = order[i * batch:(i + 1) * batch]
            seen = x[chosen]
            turned = torch.where((torch.rand(len(seen)) < 0.5)[:, None, None, None], seen.flip(3), seen)
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(turned), y[chosen]).backward()
            optimiser.step()
            schedule.step()
        print(f"a classifier: epoch {epoch + 1} of {epochs}", flush=True)
    return model.eval()


def kept(path, make, trained):
    """A model from a file, or trained and put there."""
    if path.is_file():
        model = make()
        model.load_state_dict(torch.load(path, weights_only=True))
        return model.eval()
    model = trained()
    part = path.with_suffix(".part")
    torch.save(model.state_dict(), part)
    part.rename(path)
    return model


class Eyes:
    """Both."""

    def __init__(self, folder):
        self.by_features = kept(folder / "features.pt", quality_bench.Classifier, quality_bench.trained)
        self.by_class = kept(folder / "observer.pt", Observer, lambda: train(Observer(), 5, 2))

    def features(self, pictures):
        """Features [n, 64] float64 of pictures [n, 28, 28] uint8."""
        return self.through(self.by_features.features, pictures).double().numpy()

    def guesses(self, pictures):
        """Labels [n] that the observer sees in pictures."""
        return self.through(lambda x: self.by_class(x).argmax(1), pictures).numpy()

    @staticmethod
    def through(network, pictures):
        """What a network says of pictures, a part at a time."""
        with torch.no_grad():
            return torch.cat([network(part.float().div(255).unsqueeze(1))
                              for part in torch.from_numpy(pictures.copy()).split(500)])

    def real(self, which):
        """(features, labels) of the test images ("t10k") or the training images ("train")."""
        return (self.features(idx(f"{which}-images-idx3-ubyte")),
                idx(f"{which}-labels-idx1-ubyte").astype(numpy.int64))
