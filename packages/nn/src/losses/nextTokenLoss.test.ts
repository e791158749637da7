import { array, grad, key, normal, reshape, slice, type Tensor } from '@cotangent/core'
import { checkGrads } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { crossEntropy } from './crossEntropy.js'
import { nextTokenLabels, nextTokenLoss } from './nextTokenLoss.js'

const labels = array(
  [
    [-100, 1, 2, 0],
    [3, 4, -100, -100],
  ],
  'i32',
)
const logits = normal(key(1), [2, 4, 5])

describe('nextTokenLabels', () => {
  it('moves labels one to the left', () => {
    expect(nextTokenLabels(labels).toArray()).toEqual([
      [1, 2, 0, -100],
      [4, -100, -100, -100],
    ])
    expect(nextTokenLabels(array([[7]], 'i32')).toArray()).toEqual([[-100]])
    expect(() => nextTokenLabels(array([1, 2], 'i32'))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: nextTokenLabels: labels must be [batch, seq] with at least one position.
        received  labels i32[2]
        to do     give one row of labels per text]
    `)
  })
})

describe('nextTokenLoss', () => {
  it('is the cross-entropy of all but the last logits with all but the first labels', () => {
    const ahead = reshape(slice(logits, [0, 0, 0], [2, 3, 5]), [6, 5])
    const behind = reshape(slice(labels, [0, 1], [2, 4]), [6])
    expect(nextTokenLoss(logits, labels).item()).toBeCloseTo(crossEntropy(ahead, behind).item(), 6)
  })

  it('by hand', () => {
    // p = [0.8, 0.2] in front of token 1; the rest does not count
    const two = array([
      [
        [Math.log(4), 0],
        [9, 9],
      ],
    ])
    expect(nextTokenLoss(two, array([[-100, 1]], 'i32')).item()).toBeCloseTo(-Math.log(0.2), 6)
    expect(nextTokenLoss(two, array([[1, -100]], 'i32')).item()).toBe(0)
  })

  it('has the gradient of central differences, exactly 0 where nothing is to be predicted', () => {
    checkGrads((x: Tensor) => nextTokenLoss(x, labels), [logits])
    const slope = grad((x: Tensor) => nextTokenLoss(x, labels))(logits)
    const touched = [...slope.data].flatMap((value, i) => (value === 0 ? [] : [Math.floor(i / 5)]))
    expect([...new Set(touched)]).toEqual([0, 1, 2, 4])
  })

  it('refuses labels of another shape', () => {
    expect(() => nextTokenLoss(logits, slice(labels, [0, 1], [2, 4]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: nextTokenLoss: logits must be [batch, seq, vocab] and labels [batch, seq].
        received  logits f32[2,4,5], labels i32[2,3]
        to do     give the labels of all positions, not shifted]
    `)
  })
})
