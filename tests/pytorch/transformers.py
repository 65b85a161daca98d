"""Transformers and recurrent networks as people write them."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class BertLayer(nn.Module):
    """A layer of BERT, with an additive mask made of zeros and ones."""

    def __init__(self, d: Any = 8, h: Any = 2) -> None:
        super().__init__()
        self.num_heads, self.head = h, d // h
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.dense, self.ln1 = nn.Linear(d, d), nn.LayerNorm(d, eps=1e-12)
        self.inter, self.outd, self.ln2 = (
            nn.Linear(d, 16),
            nn.Linear(16, d),
            nn.LayerNorm(d, eps=1e-12),
        )
        self.dropout = nn.Dropout(0.1)

    def transpose_for_scores(self, x: Any) -> Any:
        new = (*x.size()[:-1], self.num_heads, self.head)
        return x.view(new).permute(0, 2, 1, 3)

    def forward(self, hidden: Any, attention_mask: Any = None) -> Any:
        q, k, v = (self.transpose_for_scores(f(hidden)) for f in (self.query, self.key, self.value))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.head)
        if attention_mask is not None:
            scores = scores + (1.0 - attention_mask[:, None, None, :]) * -10000.0
        probs = self.dropout(nn.functional.softmax(scores, dim=-1))
        ctx = torch.matmul(probs, v).permute(0, 2, 1, 3).contiguous()
        ctx = ctx.view((*ctx.size()[:-2], self.num_heads * self.head))
        a = self.ln1(self.dropout(self.dense(ctx)) + hidden)
        return self.ln2(self.dropout(self.outd(F.gelu(self.inter(a)))) + a)


class RMSNorm(nn.Module):
    """Root-mean-square norm, as Llama writes it."""

    def __init__(self, d: Any, eps: Any = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(d))
        self.eps = eps

    def forward(self, x: Any) -> Any:
        v = x.to(torch.float64).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(v + self.eps))


def rotate_half(x: Any) -> Any:
    x1 = x[..., : x.shape[-1] // 2]
    x2 = x[..., x.shape[-1] // 2 :]
    return torch.cat((-x2, x1), dim=-1)


def repeat_kv(h: Any, n_rep: Any) -> Any:
    b, kv, t, d = h.shape
    if n_rep == 1:
        return h
    h = h[:, :, None, :, :].expand(b, kv, n_rep, t, d)
    return h.reshape(b, kv * n_rep, t, d)


class LlamaBlock(nn.Module):
    """Rotary positions, shared keys and values, a gated feed-forward layer."""

    def __init__(
        self, d: Any = 8, heads: Any = 4, kv: Any = 2, T: Any = 3, sdpa: Any = False
    ) -> None:
        super().__init__()
        self.h, self.kv, self.dh, self.sdpa = heads, kv, d // heads, sdpa
        self.q_proj, self.o_proj = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.k_proj, self.v_proj = (
            nn.Linear(d, kv * self.dh, bias=False),
            nn.Linear(d, kv * self.dh, bias=False),
        )
        self.n1, self.n2 = RMSNorm(d), RMSNorm(d)
        self.gate, self.up, self.down = (
            nn.Linear(d, 12, bias=False),
            nn.Linear(d, 12, bias=False),
            nn.Linear(12, d, bias=False),
        )
        inv = 1.0 / (10000 ** (torch.arange(0, self.dh, 2).double() / self.dh))
        fr = torch.outer(torch.arange(T).double(), inv)
        emb = torch.cat((fr, fr), dim=-1)
        self.register_buffer("cos", emb.cos(), persistent=False)
        self.register_buffer("sin", emb.sin(), persistent=False)

    def forward(self, x: Any) -> Any:
        B, T, _ = x.shape
        r = self.n1(x)
        q = self.q_proj(r).view(B, T, self.h, self.dh).transpose(1, 2)
        k = self.k_proj(r).view(B, T, self.kv, self.dh).transpose(1, 2)
        v = self.v_proj(r).view(B, T, self.kv, self.dh).transpose(1, 2)
        cos, sin = self.cos[:T].unsqueeze(0).unsqueeze(0), self.sin[:T].unsqueeze(0).unsqueeze(0)
        q = q * cos + rotate_half(q) * sin
        k = k * cos + rotate_half(k) * sin
        k, v = repeat_kv(k, self.h // self.kv), repeat_kv(v, self.h // self.kv)
        if self.sdpa:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            w = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.dh)
            mask = torch.full((T, T), float("-inf")).triu(1)
            w = w + mask
            w = F.softmax(w, dim=-1, dtype=torch.float64).to(q.dtype)
            y = torch.matmul(w, v)
        x = x + self.o_proj(y.transpose(1, 2).contiguous().reshape(B, T, -1))
        r = self.n2(x)
        return x + self.down(F.silu(self.gate(r)) * self.up(r))


class MaskedMHA(nn.Module):
    """MultiheadAttention with a mask of booleans or one to be added."""

    def __init__(self, add: Any = False) -> None:
        super().__init__()
        self.mha = nn.MultiheadAttention(8, 2, batch_first=True)
        self.add = add

    def forward(self, x: Any) -> Any:
        T = x.size(1)
        m = torch.triu(torch.ones(T, T), diagonal=1).bool()
        if self.add:
            m = nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64)
        return self.mha(x, x, x, attn_mask=m, need_weights=False)[0]


class EinsumAttention(nn.Module):
    """Attention by einsum."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(6, 18)
        self.out = nn.Linear(6, 6)

    def forward(self, x: Any) -> Any:
        B, T, C = x.shape
        q, k, v = self.qkv(x).reshape(B, T, 3, 2, 3).permute(2, 0, 3, 1, 4)
        a = torch.einsum("bhqd,bhkd->bhqk", q, k) * 3**-0.5
        return self.out(torch.einsum("bhqk,bhkd->bqhd", a.softmax(-1), v).reshape(B, T, C))


class Encoder(nn.Module):
    """A TransformerEncoder on top of sinusoidal positions."""

    def __init__(self) -> None:
        super().__init__()
        pe = torch.zeros(6, 4)
        p = torch.arange(6).unsqueeze(1).double()
        d = torch.exp(torch.arange(0, 4, 2).double() * (-math.log(10000.0) / 4))
        pe[:, 0::2] = torch.sin(p * d)
        pe[:, 1::2] = torch.cos(p * d)
        self.register_buffer("pe", pe.unsqueeze(0))
        self.enc = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(4, 2, 6, 0.0, batch_first=True), 2
        )
        self.out = nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.out(self.enc(x * math.sqrt(4) + self.pe[:, : x.size(1)]).mean(dim=1))


class Decoder(nn.Module):
    """A decoder layer."""

    def __init__(self) -> None:
        super().__init__()
        self.d = nn.TransformerDecoderLayer(8, 2, 12, 0.0, batch_first=True)

    def forward(self, t: Any, mem: Any) -> Any:
        return self.d(t, mem)


class PaddedAttention(nn.Module):
    """Padding given as an input, and a masked mean."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any, mask: Any) -> Any:
        a = self.q(x) @ self.k(x).transpose(-2, -1) / 2
        a = a.masked_fill(mask.unsqueeze(1) == 0, -1e9)
        y = a.softmax(-1) @ self.v(x)
        return (y * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


class MixerBlock(nn.Module):
    """MLP-Mixer: over positions, then over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(4), nn.LayerNorm(4)
        self.t1, self.t2, self.c1, self.c2 = (
            nn.Linear(5, 6),
            nn.Linear(6, 5),
            nn.Linear(4, 6),
            nn.Linear(6, 4),
        )

    def forward(self, x: Any) -> Any:
        y = self.n1(x).permute(0, 2, 1)
        x = x + self.t2(F.gelu(self.t1(y))).permute(0, 2, 1)
        return x + self.c2(F.gelu(self.c1(self.n2(x))))


class LanguageModel(nn.Module):
    """A language model whose targets are its own inputs, shifted."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Embedding(5, 4)
        self.g = nn.LSTM(4, 3, batch_first=True)
        self.o = nn.Linear(3, 5)

    def forward(self, ids: Any) -> Any:
        h, _ = self.g(self.e(ids))
        lo = self.o(h)
        return F.cross_entropy(lo[:, :-1].reshape(-1, 5), ids[:, 1:].reshape(-1))


class BothWays(nn.Module):
    """Two recurrent layers, both ways."""

    def __init__(self, kind: Any = nn.LSTM) -> None:
        super().__init__()
        self.rnn = kind(3, 2, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        out, _ = self.rnn(x)
        return self.fc(out[:, -1] + out.mean(1))
