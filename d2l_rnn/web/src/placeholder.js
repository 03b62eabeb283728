/** The sum of an array of numbers. */
export function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}
