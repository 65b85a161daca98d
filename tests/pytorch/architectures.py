"""Further architectures as people write them: graphs, sets, metrics, physics, gates."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations


class DeepSets(nn.Module):
    """Sum and maximum over a set."""

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(3, 5), nn.ELU(), nn.Linear(5, 4))
        self.rho = nn.Linear(8, 1)

    def forward(self, x: Any) -> Any:
        h = self.phi(x)
        return self.rho(torch.cat([h.sum(dim=1), h.max(dim=1).values], dim=-1))


class GAT(nn.Module):
    """Graph attention, masked by the adjacency matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Linear(3, 4, bias=False)
        self.a = nn.Parameter(torch.randn(8, 1))

    def forward(self, h: Any, adj: Any) -> Any:
        Wh = self.W(h)
        e = F.leaky_relu(Wh @ self.a[:4] + (Wh @ self.a[4:]).T, 0.2)
        e = e.masked_fill(adj == 0, float("-inf"))
        return F.elu(torch.softmax(e, dim=1) @ Wh)


class GATWhere(GAT):
    """The same with torch.where and a large negative number."""

    def forward(self, h: Any, adj: Any) -> Any:
        Wh = self.W(h)
        e = F.leaky_relu(Wh @ self.a[:4] + (Wh @ self.a[4:]).T, 0.2)
        att = torch.where(adj > 0, e, -9e15 * torch.ones_like(e))
        return F.elu(F.softmax(att, dim=1) @ Wh)


class MoE(nn.Module):
    """Experts weighed by a soft gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(4, 3)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 2)) for _ in range(3)
        )

    def forward(self, x: Any) -> Any:
        w = F.softmax(self.gate(x), dim=-1)
        return (torch.stack([e(x) for e in self.experts], dim=1) * w.unsqueeze(-1)).sum(dim=1)


class MoEEinsum(MoE):
    """The same as an einsum."""

    def forward(self, x: Any) -> Any:
        w = F.softmax(self.gate(x), dim=-1)
        return torch.einsum("be,ebd->bd", w, torch.stack([e(x) for e in self.experts]))


class Siamese(nn.Module):
    """Cosine similarity of two encodings."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))

    def forward(self, a: Any, b: Any) -> Any:
        return F.cosine_similarity(self.f(a), self.f(b), dim=-1)


class Triplet(nn.Module):
    """A loss on three encodings."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)
        self.loss = nn.TripletMarginLoss(margin=1.0)

    def forward(self, a: Any, p: Any, n: Any) -> Any:
        return self.loss(self.f(a), self.f(p), self.f(n))


class InfoNCE(nn.Module):
    """Both halves of a batch against one another, the diagonal masked."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)
        self.t = 0.1

    def forward(self, a: Any, b: Any) -> Any:
        z = F.normalize(torch.cat([self.f(a), self.f(b)]), dim=1)
        sim = z @ z.T / self.t
        n = a.shape[0]
        sim = sim.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
        pos = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
        return F.cross_entropy(sim, pos)


class WideDeep(nn.Module):
    """Sums of embeddings, one with a padding row."""

    def __init__(self) -> None:
        super().__init__()
        self.e1, self.e2 = nn.Embedding(5, 3), nn.Embedding(4, 3, padding_idx=0)
        self.wide = nn.Embedding(5, 1)
        self.fc = nn.Linear(8, 1)

    def forward(self, x: Any, i: Any, j: Any) -> Any:
        d = torch.cat([x, self.e1(i), self.e2(j).sum(1)], dim=-1)
        return torch.sigmoid(self.fc(d) + self.wide(i)).squeeze(-1)


class Factorisation(nn.Module):
    """Matrix factorisation with biases."""

    def __init__(self) -> None:
        super().__init__()
        self.u, self.v = nn.Embedding(5, 3), nn.Embedding(6, 3)
        self.bu, self.bv = nn.Embedding(5, 1), nn.Embedding(6, 1)
        self.mu = nn.Parameter(torch.tensor(0.3))

    def forward(self, i: Any, j: Any) -> Any:
        return (
            (self.u(i) * self.v(j)).sum(-1) + self.bu(i).squeeze() + self.bv(j).squeeze() + self.mu
        )


class Highway(nn.Module):
    """A gate between a layer and its input."""

    def __init__(self) -> None:
        super().__init__()
        self.H = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.Tg = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])

    def forward(self, x: Any) -> Any:
        for H, T in zip(self.H, self.Tg, strict=True):
            t = torch.sigmoid(T(x))
            x = torch.relu(H(x)) * t + x * (1.0 - t)
        return x


class BilinearLayer(nn.Module):
    """A bilinear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Bilinear(3, 4, 2)

    def forward(self, x: Any, y: Any) -> Any:
        return self.b(x, y)


class Activations(nn.Module):
    """Activations of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)
        self.p, self.pc = nn.PReLU(), nn.PReLU(6)
        self.acts = nn.ModuleList(
            [
                nn.ReLU6(),
                nn.Hardswish(),
                nn.Hardsigmoid(),
                nn.Mish(),
                nn.CELU(1.3),
                nn.ELU(0.7),
                nn.Softplus(beta=2),
                nn.Softshrink(0.3),
                nn.Tanhshrink(),
                nn.Hardtanh(-0.3, 0.9),
                nn.LogSigmoid(),
                nn.Softsign(),
                nn.Threshold(0.2, -1.0),
                nn.Hardshrink(0.4),
                nn.Softmin(dim=1),
                nn.SELU(),
            ]
        )

    def forward(self, x: Any) -> Any:
        z = self.fc(x)
        out = self.pc(self.p(z))
        for a in self.acts:
            out = out + a(z)
        return out


class GEGLU(nn.Module):
    """Gated units."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 12)
        self.o = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        a, g = self.fc(x).chunk(2, dim=-1)
        return self.o(F.glu(a * F.gelu(g)))


class SumsSoFar(nn.Module):
    """Sums so far, and order."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Any) -> Any:
        z = self.fc(x)
        return (
            torch.cumsum(z, dim=1)
            + torch.logcumsumexp(z, dim=1)
            + z.flip(1)
            + torch.roll(z, 1, dims=-1)
            + z.cumsum(0)
        )


class Extremes(nn.Module):
    """Largest and smallest values."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, x: Any) -> Any:
        z = self.fc(x)
        m, _ = torch.max(z, dim=1)
        return m - torch.min(z, dim=1).values + torch.max(z, -z + 0.1).mean(1) + z.max()


class OneLayer(nn.Module):
    """One layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, x: Any) -> Any:
        return self.fc(x)


class Divergence(OneLayer):
    """Divergence from a softmax."""

    def forward(self, x: Any, y: Any) -> Any:
        return F.kl_div(
            F.log_softmax(self.fc(x), dim=-1), F.softmax(y, dim=-1), reduction="batchmean"
        )


class CosineEmbedding(Siamese):
    """Labels 1 and -1."""

    def forward(self, a: Any, b: Any, y: Any) -> Any:
        return F.cosine_embedding_loss(self.f(a), self.f(b), y, margin=0.1)


class SmoothedLabels(OneLayer):
    """Smoothed labels."""

    def forward(self, x: Any, y: Any) -> Any:
        return F.cross_entropy(self.fc(x), y, label_smoothing=0.1)


class WeightNorm(nn.Module):
    """A weight as direction and length."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = parametrizations.weight_norm(nn.Linear(4, 3))

    def forward(self, x: Any) -> Any:
        return torch.tanh(self.fc(x))


class SpectralNorm(nn.Module):
    """A weight divided by its largest singular value."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = parametrizations.spectral_norm(nn.Linear(4, 3))

    def forward(self, x: Any) -> Any:
        return torch.tanh(self.fc(x))


class NeuralODE(nn.Module):
    """Euler steps of a neural differential equation."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))

    def forward(self, x: Any) -> Any:
        dt = 0.25
        for k in range(4):
            t = torch.full((x.size(0), 1), k * dt)
            x = x + dt * self.f(torch.cat([x, t], dim=1))
        return x


class Siren(nn.Module):
    """Sine layers."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.ModuleList([nn.Linear(2, 6), nn.Linear(6, 6)])
        self.o = nn.Linear(6, 1)

    def forward(self, x: Any) -> Any:
        for l in self.l:
            x = torch.sin(30 * l(x))
        return self.o(x)


class Fourier(nn.Module):
    """Random Fourier features."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("B", torch.randn(2, 5))
        self.o = nn.Linear(10, 1)

    def forward(self, x: Any) -> Any:
        p = 2 * math.pi * x @ self.B
        return self.o(torch.cat([torch.sin(p), torch.cos(p)], dim=-1))


class Coupling(nn.Module):
    """The log density of a coupling layer."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4))
        self.register_buffer("mask", torch.tensor([1.0, 0, 1, 0]))

    def forward(self, x: Any) -> Any:
        a, b = x[:, ::2], x[:, 1::2]
        ls, t = self.net(a).chunk(2, 1)
        ls = torch.tanh(ls)
        y = torch.cat([a, b * torch.exp(ls) + t], 1)
        return -0.5 * (y**2).sum(1) + ls.sum(1) + (self.mask * x).sum(1)


class Kalman(nn.Module):
    """A Kalman step and its log likelihood."""

    def __init__(self) -> None:
        super().__init__()
        self.A, self.C = nn.Parameter(torch.randn(3, 3)), nn.Parameter(torch.randn(2, 3))
        self.lq = nn.Parameter(torch.randn(3))
        self.register_buffer("R", torch.eye(2) * 0.5 + 0.1)

    def forward(self, P: Any, m: Any, y: Any) -> Any:
        m = self.A @ m
        P = self.A @ P @ self.A.T + torch.diag(torch.exp(self.lq))
        S = self.C @ P @ self.C.T + self.R
        K = torch.linalg.solve(S, self.C @ P).T
        r = y - self.C @ m
        m = m + K @ r
        ll = -0.5 * (r @ torch.linalg.inv(S) @ r + torch.linalg.slogdet(S)[1] + torch.logdet(S))
        return ll + (m**2).sum() + torch.trace(P)


class Cholesky(nn.Module):
    """A Cholesky factor, which has no reading."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.eye(3))

    def forward(self, x: Any) -> Any:
        return x @ torch.linalg.cholesky(self.A @ self.A.T + torch.eye(3))


class Selections(nn.Module):
    """Repetition, selection and masks by comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, x: Any) -> Any:
        z = self.fc(x)
        w = z.repeat(1, 2).view(-1, 2, 6).movedim(1, 2)
        u = torch.tile(z, (1, 2)).reshape(-1, 2, 6).transpose(1, 2)
        r = z.repeat_interleave(2, dim=1).unflatten(1, (6, 2))
        i = torch.index_select(z, 1, torch.tensor([0, 3, 3, 5, 1, 2]))
        g = z[:, [5, 4, 3, 2, 1, 0]]
        return (
            (w * u + r).sum(-1)
            + i * g
            + z.var(1, keepdim=True, correction=0)
            + (z > 0).double() * z
        )


class GramMatrices(nn.Module):
    """Gram matrices of each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        g = torch.bmm(x.transpose(1, 2), self.f(x))
        return torch.relu(g) + torch.bmm(g, g.transpose(1, 2))
