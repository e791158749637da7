// One's own objective: cross-entropy, and a penalty on confident answers, as one more method of the study.
//   npm start -- --objective docs/examples/own-objective/mine.mjs
import { taskObjective, term, weighted } from '@cotangent/ba-lora'
import { div, mul, softmax, square, sum } from '@cotangent/core'

export const name = 'confidence'
export const description = 'PiSSA with a penalty on the squared probabilities, against over-confident answers.'

// Σ p² of a row is 1 for a certain answer, 1 / classes for none; the mask [n] says which rows count
const confidence = ({ student, mask }) => {
  const certainty = sum(square(softmax(student)), -1)
  return div(sum(mul(certainty, mask)), sum(mask))
}

export default [...taskObjective, ...weighted(0.1)(term('confidence', confidence))]
