// SPDX-License-Identifier: Apache-2.0
"use strict";

// Okabe and Ito's colours: apart for every eye, and readable on light and dark.
const COLOURS = {
  "native": "#7a828c",
  "lodger-process": "#0072b2",
  "lodger-key": "#56b4e9",
  "lodger-key-no-rewrite": "#8e7cc3",
  "uml": "#e69f00",
  "container": "#009e73",
  "qemu-kvm": "#cc79a7",
  "qemu-tcg": "#d55e00",
  "control": "#b0a030",
};

const measured = DATA.results.systems.filter((system) => !system.whyNot);
const groups = [...new Set(DATA.lines.map((line) => line.group))];
const charts = [];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

// Big times in a unit that is read at a glance.
function quantity(value, unit) {
  const steps = { ns: [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]], ms: [[1e3, "s"]] }[unit] || [];
  for (const [size, name] of steps) {
    if (value >= size) return figure(value / size) + " " + name;
  }
  return figure(value) + " " + unit;
}

function times(ratio) {
  return "× " + figure(ratio);
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// The least and the most of all rounds, as a thin line across the end of a bar.
const whiskers = {
  id: "whiskers",
  afterDatasetsDraw(chart) {
    const { ctx, scales } = chart;
    const horizontal = chart.options.indexAxis === "y";
    const scale = horizontal ? scales.x : scales.y;
    ctx.save();
    ctx.strokeStyle = style("--text");
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = 1.2;
    chart.data.datasets.forEach((set, index) => {
      if (!set.ranges || !chart.isDatasetVisible(index)) return;
      chart.getDatasetMeta(index).data.forEach((bar, i) => {
        const range = set.ranges[i];
        if (!range || range[0] === range[1]) return;
        const [a, b] = range.map((value) => scale.getPixelForValue(value));
        ctx.beginPath();
        if (horizontal) {
          ctx.moveTo(a, bar.y);
          ctx.lineTo(b, bar.y);
        } else {
          ctx.moveTo(bar.x, a);
          ctx.lineTo(bar.x, b);
        }
        ctx.stroke();
      });
    });
    ctx.restore();
  },
};

function draw(panel, height, make) {
  const canvas = element("canvas", { role: "img" });
  const box = element("div", { class: "chart", style: `height:${height}px` }, canvas);
  panel.append(box);
  charts.push(() => {
    const old = Chart.getChart(canvas);
    if (old) old.destroy();
    Chart.defaults.color = style("--quiet");
    Chart.defaults.borderColor = style("--line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    new Chart(canvas, make());
  });
}

function logarithmic(values) {
  const positive = values.filter((value) => value > 0);
  return Math.max(...positive) / Math.min(...positive) > 20;
}

function decades(value) {
  const decade = Math.log10(value);
  return Math.abs(decade - Math.round(decade)) < 1e-6 ||
    [2, 5].some((step) => Math.abs(Math.log10(value / step) % 1) < 1e-6) ? shorten(value) : "";
}

function shorten(value) {
  if (value >= 1e9) return value / 1e9 + " G";
  if (value >= 1e6) return value / 1e6 + " M";
  if (value >= 1e4) return value / 1e3 + " k";
  return String(Number(value.toPrecision(3)));
}

// Bars, a colour a system; cell(line, system) gives {value, range, text} or nothing.
function bars(panel, lines, systems, cell, axis) {
  const cells = systems.map((system) => lines.map((line) => cell(line, system)));
  const present = systems.filter((system, s) => cells[s].some((c) => c));
  const all = cells.flat().filter((c) => c).flatMap((c) => c.range);
  if (!all.length) return;
  const log = logarithmic(all);
  const least = Math.min(...all);
  panel.append(legend(present));
  draw(panel, 60 + lines.length * (12 + 13 * present.length), () => ({
    type: "bar",
    data: {
      labels: lines.map((line) => line.name),
      datasets: present.map((system) => {
        const mine = cells[systems.indexOf(system)];
        return {
          label: system.name,
          data: mine.map((c) => (c ? c.value : null)),
          ranges: mine.map((c) => c && c.range),
          texts: mine.map((c) => c && c.text),
          backgroundColor: COLOURS[system.name] || "#888888",
          base: axis.base && log ? axis.base : undefined,
          categoryPercentage: 0.82,
          barPercentage: 0.92,
          minBarLength: 2,
        };
      }),
    },
    options: {
      indexAxis: "y",
      maintainAspectRatio: false,
      animation: false,
      scales: {
        x: {
          type: log ? "logarithmic" : "linear",
          min: log ? (axis.base ? Math.min(axis.base / 2, least / 1.1) : least / 2) : 0,
          title: { display: true, text: axis.title + (log ? ", logarithmic" : "") },
          ticks: log ? { callback: decades, autoSkip: false, maxRotation: 0 } : {},
          grid: { color: (tick) => style(tick.tick && tick.tick.value === axis.base ? "--quiet" : "--line") },
        },
        y: { ticks: { autoSkip: false, color: style("--text") }, grid: { display: false } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: { label: (item) => `${item.dataset.label}: ${item.dataset.texts[item.dataIndex]}` },
        },
      },
    },
    plugins: [whiskers],
  }));
}

function legend(systems) {
  return element("ul", { class: "legend" }, ...systems.map((system) =>
    element("li", {}, element("i", { style: `background:${COLOURS[system.name] || "#888888"}` }), system.name)));
}

function ratioCell(line, system) {
  const cell = line.cells[system.name];
  const base = line.cells.native;
  if (!cell || cell.ratio === undefined || !base) return null;
  const { least, most, median } = cell.stats;
  const to = (value) => (line.moreIsBetter ? base.stats.median / value : value / base.stats.median);
  return {
    value: cell.ratio,
    range: [to(least), to(most)],
    text: `${times(cell.ratio)} native, ${quantity(median, line.unit)}`,
  };
}

function valueCell(line, system) {
  const cell = line.cells[system.name];
  if (!cell || cell.isVoid) return null;
  return {
    value: cell.stats.median,
    range: [cell.stats.least, cell.stats.most],
    text: quantity(cell.stats.median, line.unit),
  };
}

// A row of several sizes: a curve a system, both axes logarithmic.
function curve(series, lines) {
  const panel = element("div", { class: "panel" }, element("h3", {}, series));
  const present = measured.filter((system) => lines.some((line) => valueCell(line, system)));
  draw(panel, 260, () => ({
    type: "line",
    data: {
      datasets: present.map((system) => ({
        label: system.name,
        data: lines.map((line) => ({ x: line.size, cell: valueCell(line, system) }))
          .filter((point) => point.cell)
          .map((point) => ({ x: point.x, y: point.cell.value, text: point.cell.text })),
        borderColor: COLOURS[system.name] || "#888888",
        backgroundColor: COLOURS[system.name] || "#888888",
        borderWidth: 2,
        pointRadius: 3,
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      scales: {
        x: {
          type: "logarithmic",
          title: { display: true, text: DATA.axes[series] || "KiB" },
          afterBuildTicks: (axis) => { axis.ticks = lines.map((line) => ({ value: line.size })); },
          ticks: { callback: (value) => value.toLocaleString("en"), autoSkip: false },
        },
        y: {
          type: "logarithmic",
          title: { display: lines[0].moreIsBetter, text: "more is better" },
          ticks: { callback: (value) => (decades(value) ? quantity(value, lines[0].unit).replace(/\.0+ /, " ") : "") },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${item.raw.text}` } },
      },
    },
  }));
  return panel;
}

function table(group, lines) {
  const measured = systemsOf(group);
  const head = element("tr", {}, element("th", {}, "row"),
    ...measured.map((system) => element("th", {}, system.name)));
  const body = lines.map((line) => element("tr", {}, element("td", {}, line.name), ...measured.map((system) => {
    const cell = line.cells[system.name];
    if (!cell) return element("td", {}, failed(group, system) ? element("span", { class: "warn" }, "failed") : "–");
    if (cell.isVoid) return element("td", { class: "warn" }, "void");
    const { least, most, median, count } = cell.stats;
    const title = `${count} rounds: ${quantity(least, line.unit)} to ${quantity(most, line.unit)}`;
    const td = element("td", { title }, quantity(median, line.unit));
    if (cell.ratio !== undefined && system.name !== "native") {
      td.append(" ", element("small", {}, times(cell.ratio)));
    }
    return td;
  })));
  const load = DATA.loads.find((entry) => entry.group === group);
  if (load) {
    body.push(element("tr", {}, element("td", {}, element("em", {}, "processors kept busy")),
      ...measured.map((system) => element("td", {},
        load.systems[system.name] === undefined ? "–" : load.systems[system.name].toFixed(2)))));
  }
  return element("details", {},
    element("summary", {}, "All figures"),
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body))));
}

function systemsOf(group) {
  return measured.filter((system) => failed(group, system) ||
    DATA.lines.some((line) => line.group === group && line.cells[system.name]));
}

function failed(group, system) {
  return DATA.results.rejections.some((r) => r.group === group && r.system === system.name);
}

function section(group) {
  const lines = DATA.lines.filter((line) => line.group === group);
  const made = element("section", { id: group }, element("h2", {}, group),
    element("p", { class: "quiet" }, DATA.explanations[group] || ""));
  const single = lines.filter((line) => !line.series && line.name !== "validator");
  if (group === "boot") {
    const units = [["ms", "Time from the start of the first process"], ["MiB", "Memory of an idle guest, on the host"],
      ["%", "Processor time of an idle guest"]];
    for (const [unit, title] of units) {
      const panel = element("div", { class: "panel" }, element("h3", {}, title));
      bars(panel, single.filter((line) => line.unit === unit), measured, valueCell, { title: unit });
      if (panel.querySelector("canvas")) made.append(panel);
    }
  } else {
    const panel = element("div", { class: "panel" }, element("h3", {}, "Times as much as native; shorter is better"));
    bars(panel, single, measured.filter((system) => system.name !== "native"), ratioCell,
      { title: "times native", base: 1 });
    if (panel.querySelector("canvas")) made.append(panel);
  }
  const series = [...new Set(lines.map((line) => line.series).filter((name) => name))];
  if (series.length) {
    made.append(legend(measured.filter((system) => lines.some((line) => line.series && valueCell(line, system)))));
    made.append(element("div", { class: "curves" },
      ...series.map((name) => curve(name, lines.filter((line) => line.series === name)))));
  }
  if (group === "growth") {
    made.append(element("div", { class: "panel" }, ...DATA.growth.map((verdict) => element("div", {}, verdict))));
  }
  made.append(table(group, lines));
  return made;
}

// The first thing a reader asks: how much, all in all?
function overview() {
  const panel = element("div", { class: "panel" },
    element("h3", {}, "Geometric mean of a group's rows: times as much as native; shorter is better"));
  const lines = groups.filter((group) => group !== "boot" && group !== "growth").map((group) => {
    const cells = {};
    for (const system of measured) {
      const ratios = DATA.lines
        .filter((line) => line.group === group && line.name !== "validator")
        .map((line) => line.cells[system.name] && line.cells[system.name].ratio)
        .filter((ratio) => ratio);
      if (ratios.length) {
        const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
        cells[system.name] = { value: mean, range: [mean, mean], text: times(mean) + " native" };
      }
    }
    return { name: group, cells };
  });
  bars(panel, lines, measured.filter((system) => system.name !== "native"), (line, system) => line.cells[system.name],
    { title: "times native", base: 1 });
  return panel;
}

function goals() {
  const head = ["row", "system", "goal", "measured", ""].map((name) => element("th", {}, name));
  const body = DATA.goals.map((goal) => element("tr", {},
    ...[`${goal.group} ${goal.row}`, goal.system, goal.goal, goal.measured].map((text) => element("td", {}, text)),
    element("td", goal.verdict === "met" ? {} : { class: "warn" }, goal.verdict)));
  return element("section", { id: "goals" }, element("h2", {}, "Goals"),
    element("p", { class: "quiet" }, "What Lodger is to cost, and whether it does."),
    element("div", { class: "panel scroll" },
      element("table", { class: "goals" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body))));
}

function facts(title, entries) {
  return element("div", { class: "panel" }, element("h3", {}, title),
    element("table", { class: "facts" }, element("tbody", {}, ...entries.map(([key, value]) =>
      element("tr", {}, element("th", {}, key), element("td", {}, value))))));
}

function method(results) {
  if (groups.every((group) => group === "growth")) {
    return element("div", { class: "panel" },
      element("p", {}, `Each point is the median of three. All guests run on processor ${results.cpu}; busy ones come one after another and stay. Memory is ` +
        "the proportional set size of all processes, seen on the host; what is touched is the part of it that the guest has as RAM."),
      element("p", {}, "A curve is worse than linear where the last ones cost much more each than those before."));
  }
  return element("div", { class: "panel" },
    element("p", {}, `${results.rounds} round${results.rounds === 1 ? "" : "s"}; in each, every system runs a group before the next group begins, so that what else the machine ` +
      "does hits all of them. Systems that translate programs take part in a third of the rounds. Every micro row warms up, and is the median of many batches, each shorter than a time slice. Shown is the median of the rounds; the thin line and the tooltip in " +
      "the table give the least and the most."),
    element("p", {}, `Programs run on processor ${results.cpu}, guests have ${results.memory} and one virtual processor. What a system does besides, ` +
      "in other threads, may use the other processors: “processors kept busy” counts the processor time of all its processes."),
    element("p", {}, "Each run begins and ends with a loop of pure computing. A run within which its speed changes by a tenth is rejected and " +
      "repeated. A column is void where the loop differs from native by more than 5 %, if the system runs programs on the processor itself."),
    element("p", {}, "Start, end, memory (proportional set size) and processor time of an idle guest are measured on the host, the rest by the clock inside."));
}

function page() {
  const { results } = DATA;
  const main = document.getElementById("page");
  main.append(
    element("h1", {}, "What virtualization costs here"),
    element("p", { class: "quiet" },
      `${results.host.processor}, ${results.host.kernel}, ${results.started.replace("T", " ")}` +
      (results.quick ? "; a quick run" : "") + (results.interrupted ? "; interrupted" : "")),
    element("p", {}, "The same programs, from the same disk, on one processor with the same memory, in each of these systems. " +
      "× 2 means twice as slow as without any virtualization, or half as fast."),
    ...(groups.some((group) => group !== "growth") ? [overview()] : []),
    ...(DATA.goals.length ? [goals()] : []),
    ...groups.map(section),
    element("h2", {}, "Systems"),
    facts("What ran", results.systems.map((system) => [system.name, system.whyNot
      ? element("span", { class: "warn" }, "did not take part: " + system.whyNot)
      : system.description + " (" + system.version + ")"])),
    element("h2", {}, "Method"),
    method(results),
    facts("The host", Object.entries(results.host)));
  if (DATA.notes.length) {
    main.append(element("div", { class: "panel warn" }, element("h3", {}, "To be known"),
      ...DATA.notes.map((note) => element("div", {}, note))));
  }
  charts.forEach((chart) => chart());
  main.dataset.charts = Object.keys(Chart.instances).length; // for tests
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart()));
}

page();
