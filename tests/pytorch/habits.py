"""Habits of code on the shelf: stop-gradients, masks, parts assigned, edges of a graph, penalties."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class SimSiam(nn.Module):
    """Each view predicts the other, which is held fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.p = nn.Linear(4, 3), nn.Linear(3, 3)

    def forward(self, a: Any, b: Any) -> Any:
        za, zb = self.f(a), self.f(b)
        first = F.cosine_similarity(self.p(za), zb.detach(), dim=-1)
        second = F.cosine_similarity(self.p(zb), za.detach(), dim=-1)
        return -(first.mean() + second.mean()) / 2


class Quantised(nn.Module):
    """A VQ-VAE at given codes: straight-through, and both commitment losses."""

    def __init__(self) -> None:
        super().__init__()
        self.e, self.f = nn.Embedding(5, 3), nn.Linear(4, 3)

    def forward(self, x: Any, idx: Any) -> Any:
        z, q = self.f(x), self.e(idx)
        loss = F.mse_loss(q.detach(), z) * 0.25 + F.mse_loss(q, z.data)
        return loss + (z + (q - z).detach()).pow(2).sum()


class DeepQ(nn.Module):
    """A target network under no_grad."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.t = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x: Any, a: Any, r: Any, x2: Any, done: Any) -> Any:
        q = self.q(x).gather(1, a.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            y = r + 0.99 * self.t(x2).max(1)[0] * (1 - done)
        return F.smooth_l1_loss(q, y)


class Policy(nn.Module):
    """The clipped surrogate of PPO, with entropy and value."""

    def __init__(self) -> None:
        super().__init__()
        self.pi, self.v = nn.Linear(4, 3), nn.Linear(4, 1)

    def forward(self, x: Any, a: Any, old: Any, adv: Any, ret: Any) -> Any:
        logs = F.log_softmax(self.pi(x), -1)
        ratio = torch.exp(logs.gather(1, a[:, None]).squeeze(-1) - old.detach())
        least = torch.min(ratio * adv, torch.clamp(ratio, 0.8, 1.2) * adv).mean()
        value = F.mse_loss(self.v(x).squeeze(-1), ret)
        return 0.5 * value - least + 0.01 * (logs.exp() * logs).sum(-1).mean()


class MovingMean(nn.Module):
    """A buffer that follows the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)
        self.register_buffer("mu", torch.randn(3))

    def forward(self, x: Any) -> Any:
        y = self.f(x)
        with torch.no_grad():
            self.mu = 0.9 * self.mu + 0.1 * y.mean(0)
        return (y - self.mu) ** 2


class MessagePassing(nn.Module):
    """Messages along edges that are an input, summed at their ends."""

    def __init__(self) -> None:
        super().__init__()
        self.m, self.u = nn.Linear(8, 4), nn.GRUCell(4, 4)

    def forward(self, x: Any, edge_index: Any) -> Any:
        src, dst = edge_index[0], edge_index[1]
        m = F.relu(self.m(torch.cat([x[src], x[dst]], dim=-1)))
        agg = torch.zeros(x.size(0), 4).index_add_(0, dst, m)
        spread = torch.zeros_like(x).scatter_add(0, dst.unsqueeze(-1).expand_as(m), m * 2)
        return self.u(agg, x) + spread


class Picked(nn.Module):
    """The log probability of each label, and a penalty on all parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)

    def forward(self, x: Any, y: Any) -> Any:
        logs = F.log_softmax(self.f(x), -1)
        penalty = sum(p.pow(2).sum() for p in self.parameters())
        return 0.1 * penalty - logs[torch.arange(len(y)), y].mean()


class Assigned(nn.Module):
    """Parts of a tensor of zeros, written and added to in a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        out = torch.zeros(x.shape[0], 2, 3)
        for i in range(2):
            out[:, i] = torch.tanh(self.f(x)) * (i + 1)
        out[:, 0, ::2] += x[:, :2]
        total = torch.zeros(x.shape[0], 3)
        total += out.sum(1)
        y = self.f(x)
        y[:, 0] = y[:, 1] * 2
        y[y > 0.5] = 0.5
        last = torch.empty(3, 3)
        last[:] = y * total + total
        return last


class Constant(nn.Module):
    """A tensor of the module's own that changes between its uses."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        pe = torch.arange(4.0)
        a = self.f(x) + pe
        pe *= 2
        return a * (self.f(x) - pe)


class Attention(nn.Module):
    """Attention whose mask is told by its type."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Any, mask: Any) -> Any:
        a = self.q(x) @ self.k(x).mT / math.sqrt(6)
        logical = mask.dtype == torch.bool
        a = a.masked_fill(mask.logical_not(), -math.inf) if logical else a + mask
        a = a + torch.full((3, 3), float("-inf")).triu(2)
        return a.softmax(-1) @ self.v(x)


class Function(Attention):
    """The same by scaled_dot_product_attention, in heads."""

    def forward(self, x: Any, mask: Any) -> Any:
        q, k, v = (f(x).unflatten(-1, (2, 3)).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None])
        return y.transpose(1, 2).flatten(2)


class Padded(nn.Module):
    """The attention of torch, with padding."""

    def __init__(self) -> None:
        super().__init__()
        self.mha = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Any, pad: Any) -> Any:
        causal = torch.ones(4, 4, dtype=torch.bool).triu(1)
        return x + self.mha(x, x, x, key_padding_mask=pad, attn_mask=causal)[0]


class PaddedEncoder(nn.Module):
    """An encoder layer of torch, with padding."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True)

    def forward(self, x: Any, pad: Any) -> Any:
        return self.enc(x, src_key_padding_mask=pad)


class Rotary(nn.Module):
    """Rotary positions in pairs, causal by the least number."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24, bias=False)
        self.register_buffer("inv", 1.0 / (10000 ** (torch.arange(0, 4, 2).double() / 4)))

    def turned(self, x: Any, cos: Any, sin: Any) -> Any:
        a, b = x[..., ::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)

    def forward(self, x: Any) -> Any:
        b, t, c = x.shape
        q, k, v = (y.view(b, t, 2, -1).transpose(1, 2) for y in self.qkv(x).chunk(3, dim=-1))
        turn = torch.outer(torch.arange(t, dtype=self.inv.dtype), self.inv)
        q, k = (self.turned(y, turn.cos(), turn.sin()) for y in (q, k))
        a = torch.einsum("bhid,bhjd->bhij", q, k) * 4**-0.5
        hidden = torch.ones(t, t, dtype=torch.bool).triu(1)
        a = a.masked_fill(hidden, -torch.finfo(a.dtype).max)
        return (a.softmax(-1) @ v).transpose(1, 2).reshape(b, t, c)


class Radiance(nn.Module):
    """A NeRF: encoded positions, and colours summed along rays."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(15, 8), nn.ReLU(True), nn.Linear(8, 4))

    def forward(self, pts: Any, deltas: Any) -> Any:
        line = [pts]
        for i in range(2):
            line += [fn(2.0**i * math.pi * pts) for fn in (torch.sin, torch.cos)]
        out = self.net(torch.cat(line, -1))
        alpha = 1.0 - torch.exp(-F.relu(out[..., 3]) * deltas**2)
        seen = torch.cat([torch.ones(alpha.shape[0], 1), 1.0 - alpha + 1e-10], -1)
        left = torch.cumprod(seen, -1)[:, :-1]
        return ((alpha * left)[..., None] * torch.sigmoid(out[..., :3])).sum(-2)


class Inverted(nn.Module):
    """A block of MobileNet; what a batch norm leaves at 0 meets the kink of relu6."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 6, 1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU6(inplace=True),
            nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU6(inplace=True),
            nn.Conv2d(6, 3, 1, bias=False),
            nn.BatchNorm2d(3),
        )

    def forward(self, x: Any) -> Any:
        return x + self.conv(x)


class OldWeightNorm(nn.Module):
    """weight_norm as a hook, as in audio code."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.utils.weight_norm(nn.Conv1d(2, 3, 3, padding=2, dilation=2))

    def forward(self, x: Any) -> Any:
        return F.leaky_relu(self.c(x)[:, :, :-1], 0.1)


class GaussianVAE(nn.Module):
    """An encoder whose distribution is an object of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.e, self.d = nn.Linear(4, 4), nn.Linear(2, 4)

    def forward(self, x: Any) -> Any:
        mu, log = self.e(x).chunk(2, -1)
        q = torch.distributions.Normal(mu, log.exp())
        p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
        fit = torch.distributions.Normal(self.d(mu), 0.5).log_prob(x).sum(-1)
        return (torch.distributions.kl_divergence(q, p).sum(-1) - fit).mean()


class TextClassifier(nn.Module):
    """Padding found in the tokens themselves, before and after they are embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Embedding(6, 4, padding_idx=2)
        self.enc = nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True)

    def forward(self, ids: Any) -> Any:
        hidden = ids == 2
        x = self.enc(self.e(ids), src_key_padding_mask=hidden)
        kept = ((~hidden) & (ids > 0)).unsqueeze(-1).double()
        return (x * kept).sum(1) / kept.sum(1).clamp(min=1e-9)


class Window(nn.Module):
    """Attention in windows, with a table of positions read at a buffer of places."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.tab = nn.Linear(4, 12), nn.Parameter(torch.randn(9, 2))
        grid = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij"))
        off = (grid.flatten(1)[:, :, None] - grid.flatten(1)[:, None, :]).permute(1, 2, 0) + 1
        self.register_buffer("idx", off[..., 0] * 3 + off[..., 1])

    def forward(self, x: Any) -> Any:
        B, H, W, C = x.shape
        x = torch.roll(x, shifts=(-1, -1), dims=(1, 2))
        w = x.view(B, H // 2, 2, W // 2, 2, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, C)
        q, k, v = self.qkv(w).reshape(-1, 4, 3, 2, 2).permute(2, 0, 3, 1, 4).unbind(0)
        a = q * 2**-0.5 @ k.transpose(-2, -1)
        a = a + self.tab[self.idx.view(-1)].view(4, 4, -1).permute(2, 0, 1).unsqueeze(0)
        return (a.softmax(-1) @ v).transpose(1, 2).reshape(-1, 4, C)


class Scan(nn.Module):
    """A selective state space, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.A, self.B, self.dt = nn.Parameter(torch.randn(3)), nn.Linear(4, 3), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        b, length, d = x.shape
        dt, B = F.softplus(self.dt(x)), self.B(x)
        h, ys = torch.zeros(b, d, 3), []
        for t in range(length):
            keep = torch.exp(dt[:, t].unsqueeze(-1) * -torch.exp(self.A))
            h = keep * h + B[:, t].unsqueeze(1) * x[:, t].unsqueeze(-1)
            ys.append((h * B[:, t].unsqueeze(1)).sum(-1))
        return torch.stack(ys, 1)


class Margin(nn.Module):
    """An additive margin, with one-hot rows made by scatter_."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(5, 4))

    def forward(self, x: Any, y: Any) -> Any:
        cos = F.linear(F.normalize(x), F.normalize(self.w))
        hot = torch.zeros(cos.size()).scatter_(1, y.view(-1, 1).long(), 1)
        return F.cross_entropy(8.0 * (cos - 0.3 * hot), y, label_smoothing=0.1)


class Flow(nn.Module):
    """A normalising flow, its log determinants summed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList([nn.Linear(4, 8) for _ in range(2)])
        self.register_buffer("mask", torch.tensor([[0.0, 1, 0, 1], [1, 0, 1, 0]]))

    def forward(self, x: Any) -> Any:
        log, z = x.new_zeros(x.shape[0]), x
        for i in reversed(range(len(self.nets))):
            kept = self.mask[i] * z
            s, t = self.nets[i](kept).chunk(2, dim=1)
            s, t = torch.tanh(s) * (1 - self.mask[i]), t * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + kept
            log -= s.sum(dim=1)
        return (log - 0.5 * (z**2).sum(1)).mean()


class FieldCRF(nn.Module):
    """The partition function of a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.t, self.e = nn.Parameter(torch.randn(3, 3)), nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        em = self.e(x)
        a = em[:, 0]
        for i in range(1, em.size(1)):
            a = torch.logsumexp(a.unsqueeze(2) + self.t + em[:, i].unsqueeze(1), dim=1)
        return torch.logsumexp(a, dim=1)


class Contrast(nn.Module):
    """The pairs off the diagonal picked by a fixed mask; one set against itself."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(4, 3)

    def forward(self, a: Any, b: Any) -> Any:
        z = F.normalize(torch.cat([self.f(a), self.f(b)]), dim=1)
        sim = z @ z.T
        others = sim[~torch.eye(6, dtype=torch.bool)].view(6, -1)
        near = torch.diagonal(sim, 0)
        return (torch.logsumexp(others, -1) - near).mean() + torch.cdist(z, z).sum()


class CellsFromZeros(nn.Module):
    """Recurrent cells and a recurrent layer that start from tensors of zeros made by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.LSTMCell(4, 3), nn.GRUCell(3, 3)
        self.rnn = nn.LSTM(3, 2, batch_first=True)

    def forward(self, x: Any) -> Any:
        zeros = torch.zeros(x.shape[0], 3)
        h, c = self.lstm(x, (zeros, zeros))
        h, c = self.lstm(x, (h, c))
        h = self.gru(h, x.new_zeros(x.size(0), 3))
        start = torch.zeros(1, x.shape[0], 2)
        out, _ = self.rnn(torch.stack([h, c], 1), (start, start))
        return out[:, -1]
