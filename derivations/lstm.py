"""An LSTM over T times, T a symbol: two states, four gates, a loss at the last time."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Columns as data; the last hidden state is classified."""
    return mc.parse(
        """
        x[t] : k x 1
        y : m x 1
        h0, c0 : d x 1
        param W_i, W_f, W_o, W_g : d x k
        param U_i, U_f, U_o, U_g : d x d
        param V : m x d
        assume cols_sum_to_one(y)
        for t = 1..T:
            i[t] = sigmoid(W_i*x[t] + U_i*h[t-1])
            f[t] = sigmoid(W_f*x[t] + U_f*h[t-1])
            o[t] = sigmoid(W_o*x[t] + U_o*h[t-1])
            g[t] = tanh(W_g*x[t] + U_g*h[t-1])
            c[t] = f[t].*c[t-1] + i[t].*g[t]
            h[t] = o[t].*tanh(c[t])
            c[0] = c0
            h[0] = h0
        p = softmax(V*h[T])
        L = -sum(y.*log(p))
        minimize L
        """
    )


def notes() -> Notes:
    """What to look at, the derivation, its check, and what it costs."""
    D = mc.derive(network())
    page = Notes("An LSTM over T times", "dot-star")
    page.say(
        r"""
        The same line of four gates at every time, and two states that both reach the next one. Look
        at $\partial L/\partial c_t$: it comes through $h_t$, by the output gate, and through
        $c_{t+1}$, by the forget gate alone. On that second way no weight and no slope of $\tanh$
        stands, which is why a gradient can last over many times.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
