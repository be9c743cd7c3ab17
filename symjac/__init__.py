"""symjac derives the training of a neural network from its forward formulas. One derivation is read several ways:

    spec -> stack -> expressions -> derivation -> { document, code, numbers }
    notes -> claims -> expressions -> verdict

The rooms, in the order in which one may import another (`tests/test_imports.py` holds it):

    core       the language: named indices, the expression nodes, scalar formulas (the one door to SymPy), a NumPy value
               for every expression. Knows no derivatives of tensors, no layers, no text but a user's errors
    calculus   expression to expression: differentiate, simplify by named laws, stabilise, matrix form; and the plain
               data that a derivation is made of. Knows no layers, and no NumPy source
    model      what the user declares: notation, spec file, library, and the stack of forward formulas that they make.
               Knows no derivatives: of calculus it sees the plain data alone
    derive     stack to derivation: local Jacobians, the delta recursion, parameter gradients
    step       the update as a map: how a step's results depend on parameters, gradient and state
    second     derivation to second order along a direction: what every quantity does when the parameters move
    blocks     derivation to the Hessian in blocks: sums over samples of products of small factors
    emit       derivation to text: LaTeX, HTML, Markdown, NumPy source. Differentiates nothing; the one place of
               templates and of writing what is emitted
    check      a generated module against finite differences and complex steps, and its loss against the declared
               formulas; the entries of an expression as SymPy formulas, for proofs
    claims     formulas as people write them: notes to a syntax tree, and with a world of definitions to expressions.
               Judges nothing
    verify     the verdict on each claim, the search for the fault, and how both are shown
    train      data sets and the loop, beside the others: it runs generated modules and imports nothing symbolic
    numbers    spectra and the dense matrix, from generated modules: it imports nothing symbolic either
    cli        prints and exits; no mathematics

A generated module imports NumPy and not symjac. No room holds a derivative written by hand.

    from symjac.model.build import build_stack, load_spec
    from symjac.derive import derive
    from symjac.emit.numpy_code import generate

    print(generate(derive(build_stack(load_spec("examples/xor.yaml")))))
"""
