"""Every phrase of a page in German: what a translation looks like, and that there can be one."""

from __future__ import annotations

GERMAN = {
    "en": "de",
    "and": "und",
    "by": "wegen",
    "where": "wobei",
    "needs": "braucht",
    "The gradients of {f}": "Die Gradienten von {f}",
    "Through {f}": "Durch {f} hindurch",
    "Denominator layout: a gradient has the shape of its variable, and {ratio} of a column {x} of "
    "{p} entries and a column {y} of {r} entries is {shape}.": "Nenner-Anordnung: ein Gradient hat "
    "die Form seiner Variablen, und {ratio} einer Spalte {x} mit {p} und einer Spalte {y} mit {r} "
    "Einträgen ist {shape}.",
    "Numerator layout: a gradient lies transposed, and {ratio} of a column {x} of {p} entries and "
    "a column {y} of {r} entries is {shape}. A transpose more or less than in denominator layout "
    "is there to turn the gradient onto its side.": "Zähler-Anordnung: ein Gradient liegt "
    "transponiert, und {ratio} einer Spalte {x} mit {p} und einer Spalte {y} mit {r} Einträgen ist "
    "{shape}. Eine Transposition mehr oder weniger als in Nenner-Anordnung legt den Gradienten auf "
    "die Seite.",
    "Mixed layout: a gradient has the shape of its variable, Jacobians lie in numerator layout.": (
        "Gemischte Anordnung: ein Gradient hat die Form seiner Variablen, Jacobi-Matrizen liegen "
        "in Zähler-Anordnung."
    ),
    "Given: {symbols}.": "Gegeben: {symbols}.",
    "To learn: {symbols}.": "Zu lernen: {symbols}.",
    "From above arrives {symbol}.": "Von oben kommt {symbol}.",
    "Assumed: {facts}.": "Angenommen: {facts}.",
    "{A} is symmetric": "{A} ist symmetrisch",
    "{A} is orthogonal": "{A} ist orthogonal",
    "{A} is diagonal": "{A} ist diagonal",
    "{A} is symmetric and positive definite": "{A} ist symmetrisch und positiv definit",
    "{A} is invertible": "{A} ist invertierbar",
    "{A} is lower triangular": "{A} ist eine untere Dreiecksmatrix",
    "{A} is upper triangular": "{A} ist eine obere Dreiecksmatrix",
    "the rows of {A} sum to one": "die Zeilen von {A} summieren sich zu eins",
    "the columns of {A} sum to one": "die Spalten von {A} summieren sich zu eins",
    "the rows of {A} sum to zero": "die Zeilen von {A} summieren sich zu null",
    "the columns of {A} sum to zero": "die Spalten von {A} summieren sich zu null",
    "{A} is one-hot": "{A} ist eins-aus-k-kodiert",
    "{A} is idempotent": "{A} ist idempotent",
    "{A} is constant": "{A} ist konstant",
    "a number": "eine Zahl",
    "numbers": "Zahlen",
    "the output {output} is {shape}, so {arriving} of that shape stands for what arrives from "
    "above": "die Ausgabe {output} ist {shape}, also steht {arriving} in dieser Form für das, was "
    "von oben kommt",
    "{w} is symmetric: its gradient is (G + G')/2, the gradient within the symmetric matrices": (
        "{w} ist symmetrisch: der Gradient ist (G + G')/2, der unter den symmetrischen Matrizen"
    ),
    "{w} is symmetric: its gradient is G + G' - I.*G, the derivative by each entry on and above "
    "the diagonal": "{w} ist symmetrisch: der Gradient ist G + G' - I.*G, die Ableitung nach jedem "
    "Eintrag auf und über der Diagonale",
    "{w} is diagonal: its gradient is by independent entries, I.*G within the diagonal matrices": (
        "{w} ist diagonal: der Gradient gilt für unabhängige Einträge, I.*G unter den "
        "Diagonalmatrizen"
    ),
    "{w} is lower triangular: its gradient is by independent entries, tril(G) within the lower "
    "triangular matrices": "{w} ist eine untere Dreiecksmatrix: der Gradient gilt für unabhängige "
    "Einträge, tril(G) unter den unteren Dreiecksmatrizen",
    "{w} is upper triangular: its gradient is by independent entries, triu(G) within the upper "
    "triangular matrices": "{w} ist eine obere Dreiecksmatrix: der Gradient gilt für unabhängige "
    "Einträge, triu(G) unter den oberen Dreiecksmatrizen",
    "{w} is orthogonal: its gradient is by independent entries, (G - {w}*G'*{w})/2 within the "
    "orthogonal matrices": "{w} ist orthogonal: der Gradient gilt für unabhängige Einträge, "
    "(G - {w}*G'*{w})/2 unter den orthogonalen Matrizen",
    "with rows of {data} summing to one: {line} = {short}": (
        "haben die Zeilen von {data} die Summe eins: {line} = {short}"
    ),
    "with columns of {data} summing to one: {line} = {short}": (
        "haben die Spalten von {data} die Summe eins: {line} = {short}"
    ),
    "with the entries of {data} summing to one: {line} = {short}": (
        "haben die Einträge von {data} die Summe eins: {line} = {short}"
    ),
    "Forward": "Vorwärts",
    "Backward": "Rückwärts",
    "For {range}:": "Für {range}:",
    "for {range}": "für {range}",
    "The layers {range} are alike; the first of them stands for all.": (
        "Die Schichten {range} sind gleich; die erste steht für alle."
    ),
    "what arrives from above": "was von oben kommt",
    "what arrived there": "was dort ankam",
    "through {steps}": "durch {steps}",
    "by {laws}": "wegen {laws}",
    "with {lines}": "mit {lines}",
    "in denominator layout {value}; turned onto its side, {changes}": (
        "in Nenner-Anordnung {value}; auf die Seite gelegt: {changes}"
    ),
    "{old} becomes {new}": "aus {old} wird {new}",
    "algebra of the entries": "Rechnen mit den Einträgen",
    "one denominator": "ein Nenner",
    "The chain from {start} to {end}": "Die Kette von {start} nach {end}",
    "The chain from {start}": "Die Kette von {start}",
    "The output does not depend on {x}.": "Die Ausgabe hängt nicht von {x} ab.",
    "In a chain {ratio} is a Jacobian, a row; the gradient is its transpose.": (
        "In einer Kette ist {ratio} eine Jacobi-Matrix, eine Zeile; der Gradient ist ihre "
        "Transponierte."
    ),
    "Matrices are read through {vec}, which stacks columns.": (
        "Matrizen werden durch {vec} gelesen, spaltenweise gestapelt."
    ),
    "In this layout the factors stand in order from the variable to the output.": (
        "In dieser Anordnung stehen die Faktoren von der Variablen bis zur Ausgabe."
    ),
    "In this layout the factors stand in order from the output back to the variable.": (
        "In dieser Anordnung stehen die Faktoren von der Ausgabe zurück zur Variablen."
    ),
    "The last form is the same product, because {laws}.": (
        "Die letzte Form ist dasselbe Produkt, denn {laws}."
    ),
    "Element by element:": "Eintrag für Eintrag:",
    "{x} enters {steps}: the sum over them.": "{x} geht in {steps} ein: die Summe darüber.",
    "With {trace} the gradient is {gradient}: each differential is put in and brought to that "
    "form.": "Aus {trace} folgt {gradient}: jedes Differential wird eingesetzt und so umgeformt.",
    "Here {change} is a change of {x}; the gradient that is elsewhere called {name} is written "
    "{ratio}.": "Hier ist {change} eine Änderung von {x}; der Gradient, der sonst {name} heißt, wird "
    "{ratio} geschrieben.",
    "in {change}": "in {change}",
    "hence": "also",
    "{vec} stacks columns; Jacobians are in denominator layout.": (
        "{vec} stapelt Spalten; Jacobi-Matrizen in Nenner-Anordnung."
    ),
    "{vec} stacks columns; Jacobians are in numerator layout.": (
        "{vec} stapelt Spalten; Jacobi-Matrizen in Zähler-Anordnung."
    ),
    "Indices start at {base}.": "Indizes beginnen bei {base}.",
    "{x} reaches {output} along one path:": "{x} erreicht {output} auf einem Weg:",
    "{x} reaches {output} along {count} paths:": "{x} erreicht {output} auf {count} Wegen:",
    "The data are {n}; one of them is number {r}. What belongs to one datum carries its number.": (
        "Es gibt {n} Daten; eines hat die Nummer {r}, und was dazu gehört, trägt sie auch."
    ),
    "one datum contributes {term}": "ein Datum trägt {term} bei",
    "The factor in front": "Der Faktor davor",
    "The mean puts {factor} into {line}; every later line takes it from there, so none of them "
    "shows it.": "Das Mittel bringt {factor} in {line}; jede spätere Zeile hat es von dort.",
    "The loss is a sum, not a mean: no {factor} appears anywhere.": (
        "Der Verlust ist eine Summe, kein Mittel: nirgends steht {factor}."
    ),
    "quantity": "Größe",
    "value": "Wert",
    "exact": "genau",
    "rounded to {digits} places at every step": "nach jedem Schritt auf {digits} Stellen gerundet",
    "{formula} (needs {names})": "{formula} (braucht {names})",
    "given": "gegeben",
    "new": "neu",
    "One step of length {rate} against the gradient takes {loss} from {before} to {after}.": (
        "Ein Schritt der Länge {rate} gegen den Gradienten bringt {loss} von {before} auf {after}."
    ),
    "To learn are {count} numbers.": "Zu lernen sind {count} Zahlen.",
    "One backward pass costs about as many products as there are weights, for each datum, twice "
    "over: once for the adjoints and once for the gradients. It grows with the number of "
    "connections, not with the number of neurons.": "Rückwärts kostet es je Datum etwa doppelt so "
    "viele Produkte, wie es Gewichte gibt; das wächst mit den Verbindungen, nicht mit den Neuronen.",
    "Check": "Probe",
    "The gradients of {f} against differences of the forward pass: the check holds, {error}, by "
    "{method}.": "Die Gradienten von {f} gegen Differenzen: es stimmt, {error}, durch {method}.",
    "The gradients of {f} against differences of the forward pass: the check fails, {error}, by "
    "{method}.": "Die Gradienten von {f} gegen Differenzen: es stimmt nicht, {error}, durch "
    "{method}.",
    "The gradients of {f} against differences of the forward pass: the check holds, {error}, by "
    "{method}, at {sizes}.": "Die Gradienten von {f} gegen Differenzen: es stimmt, {error}, durch "
    "{method}, bei {sizes}.",
    "The gradients of {f} against differences of the forward pass: the check fails, {error}, by "
    "{method}, at {sizes}.": "Die Gradienten von {f} gegen Differenzen: es stimmt nicht, {error}, "
    "durch {method}, bei {sizes}.",
    "For the points drawn: {facts}.": "Für die gezogenen Punkte gilt: {facts}.",
    "relative error below {bound}": "relativer Fehler unter {bound}",
    "complex step": "den komplexen Schritt",
    "extrapolated central differences": "extrapolierte zentrale Differenzen",
    "complex step in central differences": "den komplexen Schritt in zentralen Differenzen",
    "extrapolated second differences": "extrapolierte zweite Differenzen",
    "Computation graph of {f}": "Rechengraph von {f}",
    "{node} from {sources}.": "{node} aus {sources}.",
    "{node} is given.": "{node} ist gegeben.",
    "Back flow {adjoints}.": "Zurück fließen {adjoints}.",
    "The forward pass": "Vorwärts als Programm",
    "The forward and the backward pass": "Vorwärts und rückwärts als Programm",
    "parameter, from the input on": "Parameter, von der Eingabe an",
    "largest entry of the gradient": "größter Eintrag des Gradienten",
    "step": "Schritt",
    "function": "Funktion",
    "end function": "Ende der Funktion",
    "return": "Ergebnis",
    "for": "für",
    "end for": "Ende für",
    "while": "solange",
    "end while": "Ende solange",
    "if": "wenn",
    "else": "sonst",
    "end if": "Ende wenn",
    "do": "tue",
    "pass": "nichts",
    "break": "Abbruch",
    "continue": "weiter",
    "Shapes assumed from the formula: {shapes}.": "Aus der Formel angenommene Formen: {shapes}.",
    "copy": "kopieren",
    "copied": "kopiert",
    "copy the LaTeX of this formula": "das LaTeX dieser Formel kopieren",
}
