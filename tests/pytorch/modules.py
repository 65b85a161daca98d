"""Modules as people write them, for ``from_torch``."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    """Norm, two layers, and the input added."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.norm, self.fc1, self.fc2 = nn.BatchNorm1d(d), nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def forward(self, x: Any) -> Any:
        return x + self.fc2(F.relu(self.fc1(self.norm(x))))


class ResidualMLP(nn.Module):
    """Blocks in a ModuleList."""

    def __init__(self) -> None:
        super().__init__()
        self.inp, self.head = nn.Linear(4, 6), nn.Linear(6, 3)
        self.blocks = nn.ModuleList([ResidualBlock(6) for _ in range(2)])

    def forward(self, x: Any) -> Any:
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class CNN(nn.Module):
    """Two convolutions for images of 28 x 28."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 5), nn.Conv2d(4, 6, 3, padding=1)
        self.pool, self.drop = nn.MaxPool2d(2), nn.Dropout(0.2)
        self.fc = nn.Linear(6 * 6 * 6, 10)

    def forward(self, x: Any) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc(self.drop(x)), dim=1)


class LSTMClassifier(nn.Module):
    """A cell unrolled for five steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(3, 4), nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        h = torch.zeros(x.size(0), 4)
        c = torch.zeros(x.size(0), 4)
        for t in range(5):
            h, c = self.cell(x[:, t], (h, c))
        return self.fc(h)


class Attention(nn.Module):
    """Causal self-attention with heads, as in minGPT."""

    def __init__(self, d: int, heads: int, length: int) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Linear(d, 3 * d), nn.Linear(d, d), heads
        self.register_buffer(
            "mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length)
        )

    def forward(self, x: Any) -> Any:
        B, T, C = x.size()
        q, k, v = (
            part.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(C, dim=2)
        )
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        return self.proj(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, d: int, heads: int, length: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = Attention(d, heads, length)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: Any) -> Any:
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    """Embeddings, two blocks, a head that shares the table."""

    def __init__(self) -> None:
        super().__init__()
        self.tok, self.pos = nn.Embedding(7, 8), nn.Embedding(5, 8)
        self.blocks = nn.Sequential(*[Block(8, 2, 5) for _ in range(2)])
        self.ln, self.head = nn.LayerNorm(8), nn.Linear(8, 7, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, idx: Any) -> Any:
        _, T = idx.shape
        return self.head(self.ln(self.blocks(self.tok(idx) + self.pos(torch.arange(T)))))


class VAE(nn.Module):
    """Encoder, a draw, decoder; three outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.mu, self.logvar = nn.Linear(6, 5), nn.Linear(5, 2), nn.Linear(5, 2)
        self.dec = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 6), nn.Sigmoid())

    def forward(self, x: Any) -> Any:
        h = torch.relu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def vae_loss(out: Any, target: Any) -> Any:
    """Reconstruction and divergence."""
    seen, mu, logvar = out
    fit = F.binary_cross_entropy(seen, target, reduction="sum")
    return fit - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


class GCN(nn.Module):
    """Two graph convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Linear(4, 5, bias=False), nn.Linear(5, 3)
        self.b = nn.Parameter(torch.randn(5))

    def forward(self, x: Any, adj: Any) -> Any:
        x = F.relu(adj @ self.w1(x) + self.b)
        return F.log_softmax(torch.mm(adj, self.w2(x)), dim=1)


class TwoTowers(nn.Module):
    """Cosine similarities of two encoders, with a learnt temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
        self.b, self.scale = nn.Linear(5, 3), nn.Parameter(torch.tensor(0.7))

    def forward(self, u: Any, v: Any) -> Any:
        u = F.normalize(self.a(u), dim=-1)
        v = self.b(v)
        v = v / v.norm(dim=-1, keepdim=True)
        return u @ v.t() * self.scale.exp()


def contrastive_loss(scores: Any) -> Any:
    """Both ways, rows against columns."""
    y = torch.arange(scores.shape[0])
    return (F.cross_entropy(scores, y) + F.cross_entropy(scores.t(), y)) / 2


class TiedAutoencoder(nn.Module):
    """One weight, used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 6))
        self.b, self.c = nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(6))

    def forward(self, x: Any) -> Any:
        return F.linear(torch.sigmoid(F.linear(x, self.W, self.b)), self.W.t(), self.c)


class Loop(nn.Module):
    """The same layer again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.times = nn.Linear(4, 4), 3

    def forward(self, x: Any) -> Any:
        out = 0
        for _ in range(self.times):
            x = torch.tanh(self.cell(x)) + x
            out = out + x.sum(dim=1) ** 2
        return out.mean()


class Mixer(nn.Module):
    """Mixes positions, then channels."""

    def __init__(self) -> None:
        super().__init__()
        self.ln, self.tok, self.ch = nn.LayerNorm(4), nn.Linear(5, 5), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        x = x + self.tok(self.ln(x).transpose(1, 2)).transpose(1, 2)
        return (x + self.ch(x)).mean(dim=1)


class SqueezeExcite(nn.Module):
    """Channels weighed by what they hold on average; batch norm over images."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.bn = nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4)
        self.f1, self.f2, self.head = nn.Linear(4, 2), nn.Linear(2, 4), nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.bn(self.c(x)))
        w = torch.sigmoid(self.f2(F.relu(self.f1(x.mean(dim=(2, 3))))))
        return self.head(F.adaptive_avg_pool2d(x * w[:, :, None, None], 1).flatten(1))


class UNet(nn.Module):
    """Down by pooling, up by a transposed convolution, and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.d, self.u = nn.Conv2d(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 2, 2, stride=2)
        self.o = nn.Conv2d(4, 1, 1)

    def forward(self, x: Any) -> Any:
        a = F.relu(self.d(x))
        return self.o(torch.cat([a, self.u(F.avg_pool2d(a, 2))], dim=1))


class SymbolicAttention(nn.Module):
    """scaled_dot_product_attention on a batch whose sizes are symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        B, T, C = x.shape
        q, k, v = (f(x).view(B, T, 4, 2).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(1, 2).reshape(B, T, C)


class GRUClassifier(nn.Module):
    """A whole recurrent layer on embedded tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.e, self.g = nn.Embedding(5, 3), nn.GRU(3, 4, batch_first=True)
        self.f = nn.Linear(4, 2)

    def forward(self, i: Any) -> Any:
        _, h = self.g(self.e(i))
        return self.f(h[-1])


class InPlace(nn.Module):
    """Operations in place change what they are called on."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.act = nn.Linear(4, 4), nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        z = self.fc(x)
        self.act(z)
        w = z + 1
        w *= 2
        return w + z
