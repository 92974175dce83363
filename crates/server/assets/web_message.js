// Posts the answer to the window that opened or framed this page, and only if it has the expected origin.
{
  const answer = document.getElementById("answer");
  const target = window.opener || window.parent;
  if (target !== window) {
    target.postMessage(
      { type: "authorization_response", response: JSON.parse(answer.dataset.response) },
      answer.dataset.targetOrigin,
    );
  }
}
