"""symjac derives the training of a neural network from its forward formulas. One derivation is read several ways:

    spec  -> model.Stack -> derivation -> { documents, codegen } -> run, numbers
    notes -> notation -> meaning -> equality -> verify -> report

The rooms, each above those that it may import (`tests/test_imports.py` holds it):

    core        the language: named indices, the expression nodes, scalar formulas (the one door to SymPy), a NumPy
                value for every expression
    notation    formulas as people write them, to a syntax tree and back
    calculus    expression to expression: differentiate, simplify by named laws, stabilise, matrix form; named
                definitions with facts, and derivatives through them
    run         generated modules at work: data sets, training, gradients against differences
    model       what the user declares: notation, spec file, library, and the stack of forward formulas that they make
    equality    whether two expressions are equal, and by which road that is known
    numbers     spectra and the dense matrix, from generated modules
    derivation  stack to derivation: the chain of errors, second order, the Hessian in blocks, the step as a map
    printing    expressions as LaTeX, Unicode, MathML
    check       the loss as it was declared, beside a generated module
    notes       where mathematics stands in a file
    meaning     what a syntax tree says, over a page's names, shapes and definitions
    documents   a derivation as LaTeX, HTML, Markdown
    codegen     a derivation as NumPy source
    verify      the verdict on each claim, and the search for the fault
    report      verdicts as people and programs take them
    cli         prints and exits

A generated module imports NumPy and not symjac. No room holds a derivative written by hand.

    from symjac.codegen.numpy_code import generate
    from symjac.derivation.chain import derive
    from symjac.model.build import build_stack, load_spec

    print(generate(derive(build_stack(load_spec("examples/xor.yaml")))))
"""
