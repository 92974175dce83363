// Goes on when every frame has loaded, or after four seconds. It runs before the frames are read, so that no load is missed.
{
  const patience = 4000;
  let loaded = 0;
  let frames = Infinity;
  const go = () => {
    const onward = document.getElementById("onward");
    if (onward) location.replace(onward.href);
  };
  const look = () => {
    if (loaded >= frames) go();
  };
  // `load` does not bubble, but it is seen on its way down.
  document.addEventListener(
    "load",
    (event) => {
      if (event.target instanceof HTMLIFrameElement) {
        loaded += 1;
        look();
      }
    },
    true,
  );
  document.addEventListener("DOMContentLoaded", () => {
    frames = document.querySelectorAll("iframe").length;
    look();
    setTimeout(go, patience);
  });
}
