/*
 * Which of onnxruntime's graph optimisers a session leaves out. Each walks the whole graph, often twice, though it finds
 * nothing in what the lowering writes: all of them together took 2.3 of 3.2 seconds for a training step of 12 layers, and
 * changed 11 of its 5,654 nodes.
 */
import type { Graph } from './onnx/model.js'

/**
 * It would merge what `checkpoint` computes a second time with the first, and so keep it in memory in between. Core has
 * shared what is common before.
 */
const undoesCheckpoint = ['CommonSubexpressionElimination']

/** For quantised models; the lowering writes none. */
const quantised = [
  'DoubleQDQPairsRemover',
  'DynamicQuantizeMatMulFusion',
  'EnsureUniqueDQForNodeUnit',
  'Level2_RuleBasedTransformer',
  'MatMulIntegerToFloatFusion',
  'MatMulNBitsFusion',
  'QDQFinalCleanupTransformer',
  'QDQPropagationTransformer',
  'QDQS8ToU8Transformer',
  'QDQSelectorActionTransformer',
  'WeightBiasQuantization',
  'WhereDummyDq',
]

/** They put together what the lowering has put together, or patterns it never writes. */
const doneByLowering = [
  'AttentionFusion',
  'BiasDropoutFusion',
  'BiasGeluFusion',
  'BiasSkipLayerNormFusion',
  'BiasSoftmaxFusion',
  'EmbedLayerNormFusion',
  'FastGeluFusion',
  'GatherSliceToSplitFusion',
  'GatherToSliceFusion',
  'GeluFusionL1',
  'GeluFusionL2',
  'GroupQueryAttentionFusion',
  'GroupQueryAttentionPreNormFusion',
  'LayerNormFusionL1',
  'LayerNormFusionL2',
  'MatMulActivationFusion',
  'MatMulAddFusion',
  'MatMulScaleFusion',
  'MatmulTransposeFusion',
  'ReshapeFusion',
  'SimplifiedLayerNormFusion',
  'SkipLayerNormFusion',
  // transposes are moved once, before kernels are chosen
  'TransposeOptimizer_CPUExecutionProvider',
]

/** What finds something only where the graph has an operator. */
const needs: Readonly<Record<string, readonly string[]>> = {
  Conv: [
    'ConvActivationFusion',
    'ConvAddActivationFusion',
    'NchwcTransformer',
    'NhwcTransformer',
    'SliceConcatToSpaceToDepthFusion',
  ],
  Sigmoid: ['QuickGeluFusion'],
  Transpose: ['TransposeOptimizer'],
}

/** The names of the optimisers that a session for this graph leaves out, as onnxruntime knows them. */
export const leftOut = ({ nodes }: Graph): readonly string[] => {
  const operators = new Set(nodes.map(({ op }) => op))
  const holdsGraphs = ['If', 'Loop', 'Scan'].some((op) => operators.has(op)) // which may hold any operator
  const idle = Object.entries(needs).flatMap(([op, names]) => (holdsGraphs || operators.has(op) ? [] : names))
  return [...undoesCheckpoint, ...quantised, ...doneByLowering, ...idle]
}
