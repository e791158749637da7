/* Wrong programs: rearranging, sorting and indexing. */
import {
  ArgumentError,
  AxisError,
  argsort,
  array,
  DTypeError,
  dynamicSlice,
  dynamicUpdateSlice,
  IndexError,
  ones,
  repeat,
  roll,
  ShapeError,
  scalar,
  scatterAddAlongAxis,
  searchSorted,
  sort,
  splitAlong,
  swapAxes,
  takeAlongAxis,
  tile,
  unstack,
} from '@cotangent/core'
import type { WrongPrograms } from './wrongProgram.js'

const x = ones([2, 3])
const starts = array([0, 0], 'i32')

export const arrangement: WrongPrograms = {
  'swapAxes, an axis beyond the end': [AxisError, () => swapAxes(x, 0, 2)],
  'roll by half a place': [ArgumentError, () => roll(x, 0.5)],
  'tile, minus one': [ShapeError, () => tile(x, [-1])],
  'repeat, too few': [ShapeError, () => repeat(x, [2])],
  'repeat, half of one': [ShapeError, () => repeat(x, 0.5)],
  'splitAlong, a rest': [ShapeError, () => splitAlong(x, 2, 1)],
  'splitAlong, too much': [ShapeError, () => splitAlong(x, [1, 3], 1)],
  'takeAlongAxis, fewer axes': [ShapeError, () => takeAlongAxis(x, array([1], 'i32'))],
  'takeAlongAxis, floats': [DTypeError, () => takeAlongAxis(x, x)],
  'takeAlongAxis, beyond the end': [IndexError, () => takeAlongAxis(x, array([[3]], 'i32'))],
  'scatterAddAlongAxis, updates': [ShapeError, () => scatterAddAlongAxis(x, array([[1], [0]], 'i32'), x)],
  'sort of truth values': [DTypeError, () => sort(ones([2], 'bool'))],
  'argsort of a scalar': [AxisError, () => argsort(scalar(1))],
  'searchSorted in a matrix': [ShapeError, () => searchSorted(x, x)],
  'searchSorted, floats in integers': [DTypeError, () => searchSorted(array([1], 'i32'), x)],
  'dynamicSlice, floats as starts': [DTypeError, () => dynamicSlice(x, ones([2]), [1, 1])],
  'dynamicSlice, too few starts': [ShapeError, () => dynamicSlice(x, array([0], 'i32'), [1, 1])],
  'dynamicSlice, too long': [ShapeError, () => dynamicSlice(x, starts, [3, 1])],
  'dynamicUpdateSlice, too long': [ShapeError, () => dynamicUpdateSlice(x, ones([1, 4]), starts)],
  'dynamicUpdateSlice, integers': [DTypeError, () => dynamicUpdateSlice(x, ones([1, 1], 'i32'), starts)],
  'unstack of a scalar': [AxisError, () => unstack(scalar(1))],
}
