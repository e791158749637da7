/*
 * Every value that core, nn and optim export: an operation of a family, or one of the things operations are made of and
 * with. A test fails where a name is in neither list, or in both.
 */

/** A part of the table of operations: what it is about, and its operations by package. */
export interface Family {
  readonly title: string
  readonly core?: readonly string[]
  readonly nn?: readonly string[]
  readonly optim?: readonly string[]
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** The families, in the order of the table. */
export const families: readonly Family[] = [
  {
    title: 'Making tensors',
    core: words('array scalar tensor zeros ones full zerosLike onesLike iota eye constant'),
  },
  {
    title: 'Elementwise',
    core: words(`add sub mul div pow mod rem maximum minimum clip neg abs sign reciprocal square sqrt rsqrt cbrt
      exp expm1 log log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc erfInv
      floor ceil round trunc isNaN isFinite equal notEqual less lessEqual greater greaterEqual
      logicalAnd logicalOr logicalNot bitwiseAnd bitwiseOr bitwiseXor bitwiseNot shiftLeft shiftRight shiftRightLogical
      where cast reducePrecision`),
  },
  {
    title: 'Activations',
    core: words('relu leakyRelu elu sigmoid logSigmoid softplus silu mish gelu geluTanh softmax logSoftmax'),
    nn: words('activations'),
  },
  {
    title: 'Reductions and scans',
    core: words(`sum prod max min mean variance std argmax argmin logsumexp any all cumsum cumprod cummax logCumsumExp
      associativeScan vectorNorm standardize`),
  },
  {
    title: 'Shape',
    core: words(`reshape transpose matrixTranspose swapAxes moveAxis broadcastTo expandDims squeeze concat stack unstack
      splitAlong flip roll tile repeat pad padWith tril triu diag diagonal`),
  },
  {
    title: 'Indexing',
    core: words(`slice dynamicSlice dynamicUpdateSlice index take takeAlongAxis scatterAdd scatterAddAlongAxis scatterSet
      oneHot sort argsort topK searchSorted`),
  },
  { title: 'Contraction', core: words('matmul dotGeneral einsum tensordot outer') },
  { title: 'Convolution and pooling', core: words('convolution maxPool avgPool') },
  {
    title: 'Linear algebra',
    core: words(`cholesky triangularSolve solve inv det slogdet logdet cofactor trace qr eigh eigvalsh svd singularValues
      pinv lstsq matrixRank matrixPower matrixNorm nuclearNorm`),
  },
  {
    title: 'Random',
    core: words(`key split splitKeys foldIn randomBits uniform normal truncatedNormal bernoulli categorical gumbel exponential
      randint permutation choice`),
    nn: words('dropout'),
  },
  {
    title: 'Transforms',
    core: words(`grad valueAndGrad valueAndGradAux vjp jvp linearize linearTranspose jacfwd jacrev hessian hvp vmap jit
      compile customVjp customJvp checkpoint saveNothing saveContractions saveEverything stopGradient
      psum pmean axisIndex axisSize`),
  },
  { title: 'Control flow', core: words('cond switchCase scan map foriLoop whileLoop') },
  {
    title: 'Trees and programs',
    core: words(
      `treeMap treeLeaves treeEntries treeFlatten treeUnflatten makeIR evalIR printIR parseIR referenceEngine`,
    ),
    nn: words('partition combine'),
  },
  {
    title: 'Debugging',
    core: words('findNaN findNaNOn compileChecked explainCompile profile scope'),
  },
  { title: 'Layers', nn: words('linear embedding denseWeight applyWeight') },
  { title: 'Attention and positions', nn: words('attention causalMask maskBias rope ropeTable ropeFrequencies') },
  { title: 'Norms', nn: words('layerNorm rmsNorm groupNorm instanceNorm batchNorm normalize') },
  {
    title: 'Losses',
    nn: words(`crossEntropy nextTokenLoss nextTokenLabels binaryCrossEntropyWithLogits klDivergence meanSquaredError
      meanAbsoluteError huberLoss smoothL1Loss hingeLoss cosineSimilarity cosineEmbeddingLoss`),
  },
  { title: 'Adapters', nn: words('isLowRank hasAdapters mergeAdapters withoutAdapters') },
  { title: 'Optimisers', optim: words('adamw adam sgd applyUpdates') },
  {
    title: 'Gradient transformations',
    optim: words(
      `chain scaleByAdam momentum scaleByLearningRate addDecayedWeights clipByGlobalNorm globalNorm stateless`,
    ),
  },
  {
    title: 'Schedules',
    optim: words(`constant warmupConstant warmupLinear warmupCosine warmupCosineRestarts warmupPolynomial
      warmupInverseRoot warmupStableDecay`),
  },
]

/** What core exports for those who write primitives, passes and engines: parts of programs, no operations on tensors. */
export const notOperations: readonly string[] = words(`
  Tensor HostTensor literal version bind bind1
  aval bytesOf dtypes sizeOf isFloating sameShape sameAval printAval stridesOf range dropAxes allocate dtypeOf
  ProgramError ShapeError DTypeError AxisError IndexError TreeMismatchError LeakedTracerError MissingRuleError BufferError
  ArgumentError ParseError NonFiniteError explainNaN
  prepareIR planStages evaluateIR checkIR countFlops hashIR hashText freshVar zeroTangent
  expandEquations overPrograms inlineCalls inlinePlainCalls dropIdentities dropUnused shareCommon
  definePrimitive noAttrs dataAttrs checkNames notDifferentiable notLinear
  primitives basicPrimitives composedPrimitives controlPrimitives hostPrimitives matrixPrimitives structuralPrimitives
  dotPlan jacobiLimit jacobiSweeps roundRobin
  leafPaths leafCount sameTree printTree treesDiffer
`)
