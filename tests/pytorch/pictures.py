"""Networks for images and signals as people write them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class ViT(nn.Module):
    """Patches, a class token, positions, an encoder layer."""

    def __init__(self, d: Any = 6) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, d, kernel_size=2, stride=2)
        self.cls = nn.Parameter(torch.randn(1, 1, d))
        self.pos = nn.Parameter(torch.randn(1, 5, d))
        self.enc = nn.TransformerEncoderLayer(
            d, 2, 8, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 3)

    def forward(self, x: Any) -> Any:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), dim=1) + self.pos
        return self.head(self.norm(self.enc(x))[:, 0])


class BasicBlock(nn.Module):
    """The basic block of ResNet, with a downsampling shortcut and ReLUs in place."""

    def __init__(self, i: Any = 2, o: Any = 4, stride: Any = 2) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x: Any) -> Any:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNetStem(nn.Module):
    """Overlapping max pooling with padding, and global averages."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.pool = (
            nn.Conv2d(1, 3, 3, 2, 1, bias=False),
            nn.BatchNorm2d(3),
            nn.MaxPool2d(3, 2, 1),
        )
        self.fc = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        x = self.pool(self.bn(self.conv(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class ConvNeXt(nn.Module):
    """A depthwise convolution and a scaled inverted bottleneck."""

    def __init__(self, d: Any = 4) -> None:
        super().__init__()
        self.dw = nn.Conv2d(d, d, 3, padding=1, groups=d)
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.p1, self.p2 = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.gamma = nn.Parameter(1e-1 * torch.ones(d))

    def forward(self, x: Any) -> Any:
        i = x
        x = self.dw(x).permute(0, 2, 3, 1)
        x = self.gamma * self.p2(F.gelu(self.p1(self.norm(x))))
        return i + x.permute(0, 3, 1, 2)


class DenseNet(nn.Module):
    """Each layer sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(2 + 2 * k), nn.ReLU(), nn.Conv2d(2 + 2 * k, 2, 3, padding=1)
            )
            for k in range(3)
        )

    def forward(self, x: Any) -> Any:
        feats = [x]
        for l in self.layers:
            feats.append(l(torch.cat(feats, 1)))
        return torch.cat(feats, 1).mean([2, 3])


def dc(i: Any, o: Any) -> Any:
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True))


class TwoLevelUNet(nn.Module):
    """Two levels: one up by a transposed convolution, one by repetition."""

    def __init__(self) -> None:
        super().__init__()
        self.d1, self.d2, self.d3 = dc(1, 2), dc(2, 3), dc(3, 4)
        self.pool = nn.MaxPool2d(2)
        self.up2, self.up1 = (
            nn.ConvTranspose2d(4, 3, 2, 2),
            nn.Upsample(scale_factor=2, mode="nearest"),
        )
        self.u2, self.u1, self.out = dc(6, 3), dc(5, 2), nn.Conv2d(2, 1, 1)

    def forward(self, x: Any) -> Any:
        a = self.d1(x)
        b = self.d2(self.pool(a))
        c = self.d3(self.pool(b))
        y = self.u2(torch.cat([b, self.up2(c)], 1))
        return self.out(self.u1(torch.cat([a, self.up1(y)], 1)))


class SqueezeExciteNorm(nn.Module):
    """Squeeze and excite after group or instance norm."""

    def __init__(self, norm: Any = "g") -> None:
        super().__init__()
        self.c = nn.Conv2d(2, 4, 3, padding=1)
        self.gn = nn.GroupNorm(2, 4) if norm == "g" else nn.InstanceNorm2d(4, affine=True)
        self.fc = nn.Sequential(
            nn.Linear(4, 2), nn.ReLU(inplace=True), nn.Linear(2, 4), nn.Sigmoid()
        )

    def forward(self, x: Any) -> Any:
        x = F.silu(self.gn(self.c(x)))
        b, c, _, _ = x.size()
        y = self.fc(F.adaptive_avg_pool2d(x, 1).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class DilatedConvolutions(nn.Module):
    """Convolutions with holes, groups and one-sided padding."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv1d(2, 4, 3, dilation=2, padding=2)
        self.c2 = nn.Conv1d(4, 4, 3, groups=2, padding="same", dilation=2)

    def forward(self, x: Any) -> Any:
        y = F.relu(self.c1(x))
        y = F.pad(y, (2, 0))
        return x.mean(1, keepdim=True) + self.c2(y)[:, :, :-2]


class Capsule(nn.Module):
    """Squashed capsules, routed twice."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 4, 2, 5))

    def squash(self, v: Any) -> Any:
        n2 = (v**2).sum(-1, keepdim=True)
        return n2 / (1 + n2) * v / torch.sqrt(n2 + 1e-8)

    def forward(self, u: Any) -> Any:  # n, 4, 5
        hat = torch.einsum("jids,nis->nijd", self.W, u)
        b = torch.zeros(u.size(0), 4, 3)
        for _ in range(2):
            c = F.softmax(b, dim=2)
            v = self.squash((c.unsqueeze(-1) * hat).sum(1))
            b = b + (hat * v.unsqueeze(1)).sum(-1)
        return v.norm(dim=-1)
