import { printAval, ShapeError, sameShape, type Tensor } from '@cotangent/core'

/** Two tensors of one shape: nothing is broadcast in a loss. */
export const checkPair = (op: string, prediction: Tensor, target: Tensor): void => {
  if (prediction.rank === 0 || !sameShape(prediction.shape, target.shape)) {
    throw new ShapeError({
      op,
      expected: 'prediction and target must have one shape, rows first.',
      received: `prediction ${printAval(prediction.aval)}, target ${printAval(target.aval)}`,
      todo: 'reshape one of them; losses broadcast nothing',
    })
  }
}
