// Copies and prints what is shown once. The page offers a file without script.

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const items = document.querySelectorAll(`#${button.dataset.copies} li`);
    await navigator.clipboard.writeText([...items].map((item) => item.textContent.trim()).join("\n"));
    document.getElementById("said").textContent = button.dataset.done;
  });
}

for (const button of document.querySelectorAll("button[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
