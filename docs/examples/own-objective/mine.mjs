// One's own objective: cross-entropy and a penalty on confident answers, as one more method of the study.
//   npm start -- --objective docs/examples/own-objective/mine.mjs
import { term, taskObjective } from '@cotangent/ba-lora'
import { mean, mul, softmax, sum } from '@cotangent/core'

export const name = 'confidence'
export const description = 'PiSSA with a penalty on the squared probabilities, against over-confident answers'

// the mean over the batch of Σ p², which is 1 for a certain answer and 1 / classes for none
const confidence = ({ student }) => {
  const p = softmax(student)
  return mean(sum(mul(p, p), -1))
}

export default [...taskObjective, term('confidence', () => 0.1, confidence)]
