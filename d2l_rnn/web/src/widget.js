// The entry of the widgets: anywidget calls `render` for each view of a model.

import { FigureView } from "./figure_view.js";
import { tend } from "./jupyter.js";
import { PictureView } from "./picture.js";
import { SheetView } from "./sheet_view.js";
import { TrainingView } from "./training.js";

const VIEWS = { picture: PictureView, figure: FigureView, sheet: SheetView, training: TrainingView };

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const shown = new VIEWS[model.get("kind")](el, model);
  el.classList.add("d2l-view");
  let neglect = () => {};
  const whenInPage = requestAnimationFrame(() => (neglect = tend(el)));
  model.send({ event: "opened", view });
  return () => {
    cancelAnimationFrame(whenInPage);
    neglect();
    shown.destroy();
    model.send({ event: "closed", view });
  };
}

export default { render };
