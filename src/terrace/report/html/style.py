"""The style of all pages: light and dark, on phones and on paper. Every color has a word with the same meaning."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #1b2430; --soft: #5b6675; --line: #d8dee6;
  --accent: #2f5fc4; --good: #1a7f45; --warn: #9a6200; --bad: #c0272d; --add: #1a7f45; --chg: #9a6200; --del:
  #c0272d;
  --add-bg: #dff3e5; --chg-bg: #fbeecd; --del-bg: #fbe0e0; --unk-bg: #e6e2f5; --unk: #5b45a8; --mono: ui-monospace,
  "SF Mono", Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) { :root { --paper: #11161d; --card: #1a212b; --ink: #e4e9f0; --soft: #9aa6b5;
  --line: #303a47; --accent: #84aaff; --good: #57c785; --warn: #e0ae4a; --bad: #ff7d7d; --add: #57c785; --chg:
  #e0ae4a;
  --del: #ff7d7d; --add-bg: #16382a; --chg-bg: #3b3014; --del-bg: #451e22; --unk-bg: #2c2748; --unk: #b3a3f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.6rem 1.4rem 5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.55rem; margin: 0; line-height: 1.25; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1rem; margin: 0; }
h4 { font-size: .78rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 1.2rem 0
  .4rem; }
h5 { font-size: .82rem; font-weight: 600; margin: 0 0 .35rem; color: var(--soft); }
p { margin: .4rem 0; } ul { margin: 0; padding: 0; list-style: none; }
code { font: .86em var(--mono); overflow-wrap: anywhere; } pre { font: .8rem/1.45 var(--mono); overflow-x: auto;
  background: var(--card); border-radius: .4rem; padding: .6rem .8rem; margin: .4rem 0; }
small { font-size: .84em; color: var(--soft); } .soft { color: var(--soft); }
a { color: var(--accent); }
header.top { display: flex; flex-wrap: wrap; gap: 1rem 1.6rem; align-items: center; border: 1px solid var(--line);
  border-left: .5rem solid var(--good); border-radius: .6rem; padding: 1.1rem 1.3rem; background: var(--card); }
header.top.blocked { border-left-color: var(--bad); }
header.top.grave { border-left-color: var(--chg); }
header.top > div:first-child { flex: 1 1 24rem; }
.badge { text-align: center; min-width: 6.5rem; } .badge b { display: block; font-size: 1.25rem; line-height: 1.2; }
.badge.low b { color: var(--good); } .badge.medium b { color: var(--warn); } .badge.high b, .badge.critical b
  { color: var(--bad); }
nav { margin: .9rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .9rem; }
ol.blocking { margin: 0; padding: 0; list-style: none; display: grid; gap: .5rem; }
ol.blocking li, .unknowns li { border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius:
  .45rem;
  padding: .55rem .8rem; } .unknowns li { border-left-color: var(--unk); margin-bottom: .4rem; }
.blocking .fix, .unknowns .fix { display: block; margin-top: .15rem; } .fix::before { content: "→ "; color:
  var(--accent); }
.sev { display: inline-block; font-size: .74rem; font-weight: 700; border: 1px solid; border-radius: .25rem;
  padding: 0 .4rem; margin-right: .35rem; white-space: nowrap; }
.sev.critical, .sev.high { color: var(--bad); } .sev.medium { color: var(--warn); } .sev.low, .sev.info,
  .sev.advisory,
  .sev.waived { color: var(--soft); } .sev.unknown { color: var(--unk); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15.5rem, 1fr)); gap: .8rem; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; background: var(--card); }
.sum { font-variant-numeric: tabular-nums; display: flex; flex-wrap: wrap; gap: .15rem .9rem; }
.card .sum { margin: .3rem 0 .5rem; }
.add { color: var(--add); } .chg { color: var(--chg); } .del { color: var(--del); } .sum b { font-size: 1.05rem; }
.card li { font-size: .87rem; margin: .2rem 0; } .gate { font-weight: 700; } .gate.pass { color: var(--good); }
.gate.wait { color: var(--warn); } .gate.block { color: var(--bad); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
svg.graph { display: block; margin: 0 auto; max-width: 100%; min-width: 44rem; height: auto; font: 13px
  var(--mono); }
svg.graph rect { fill: var(--paper); stroke: var(--line); stroke-width: 1.2; }
svg.graph text { fill: var(--soft); } svg.graph .under { font: 11.5px system-ui, sans-serif; }
svg.graph .touched rect { stroke: var(--accent); } svg.graph .touched text { fill: var(--ink); }
svg.graph .touched .under { fill: var(--soft); } svg.graph .changed rect { stroke-width: 3; }
svg.graph .stack rect { stroke-dasharray: none; rx: 3; }
svg.graph .edge { fill: none; stroke: var(--line); stroke-width: 1.2; } svg.graph .edge.live { stroke:
  var(--accent);
  stroke-width: 1.8; opacity: .75; }
.plan { border-top: 1px solid var(--line); padding: 1rem 0 .6rem; } .plan > header { display: flex; flex-wrap: wrap;
  gap: .2rem 1rem; align-items: baseline; margin-bottom: .6rem; }
.grave { display: grid; gap: .45rem; margin-bottom: .8rem; }
.tile { display: flex; gap: .8rem; align-items: center; border: 2px solid; border-radius: .5rem; padding: .55rem
  .9rem; }
.tile .sign { font: 700 1.5rem var(--mono); width: 1.4rem; text-align: center; } .tile .what { flex: 1; color:
  var(--ink); }
.tile.create { color: var(--add); background: var(--add-bg); } .tile.update, .tile.move { color: var(--chg);
  background: var(--chg-bg); } .flag { display: block; color: var(--bad); font-size: .86rem; }
.tile.delete, .tile.replace { color: var(--del); background: var(--del-bg); } .tile.forget { color: var(--chg);
  background: var(--chg-bg); } .tile.unknown { color: var(--unk); background: var(--unk-bg); }
.data { border: 1px solid; border-radius: .25rem; font-size: .78rem; padding: 0 .45rem; white-space: nowrap; }
.modules { display: grid; gap: .8rem; } .types { display: flex; flex-wrap: wrap; gap: .6rem 1.3rem; }
figure { margin: 0; } figcaption { font-size: .8rem; color: var(--soft); margin-bottom: .2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 3px; max-width: 34rem; }
.small { width: 20px; height: 20px; border-radius: 4px; border: 1px solid; font: 700 13px/17px var(--mono);
  text-align: center; cursor: default; }
.small.create { color: var(--add); background: var(--add-bg); } .small.update, .small.move { color: var(--chg);
  background: var(--chg-bg); }
.hatched { background-image: repeating-linear-gradient(45deg, transparent 0 4px, var(--line) 4px 5px); }
td details { border: 0; } section details { border-top: 1px solid var(--line); padding: .35rem 0; } summary {
  cursor: pointer; padding: .1rem 0; }
.more-of { border: 0; margin-top: .8rem; } .more-of > summary { color: var(--accent); }
.tag { display: inline-block; min-width: 5.4rem; font: 700 .76rem var(--mono); } .tag.create { color: var(--add); }
.tag.update, .tag.move, .tag.forget { color: var(--chg); } .tag.delete, .tag.replace { color: var(--del); }
.tag.unknown { color: var(--unk); }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; } th, td { text-align: left; vertical-align: top;
  padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { font-size: .78rem; color: var(--soft); font-weight: 600; }
table.diff th { width: 30%; } .note { color: var(--bad); font-size: .86rem; font-weight: 600; } td pre { margin: 0; }
table.diff pre .soft { opacity: .8; }
 td.was { width: 38%; color: var(--soft); } td.was code { text-decoration: none; }
td.none, td.masked { color: var(--soft); font-style: italic; } td.hatched { font-style: italic; }
.bar { display: grid; grid-template-columns: 11rem 1fr; gap: .2rem 1rem; align-items: center; margin: .25rem 0; }
.bar svg { width: 100%; height: .7rem; display: block; } .bar rect.full { fill: var(--line); } .bar rect.part
  { fill: var(--accent); } .bar p { grid-column: 2; margin: 0; }
.filter { margin: .3rem 0 .8rem; } .filter input { position: absolute; opacity: 0; } .filter label { display:
  inline-block;
  border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .8rem; margin: 0 .3rem .3rem 0; cursor:
  pointer;
  font-size: .87rem; } .filter input:checked + label { background: var(--ink); color: var(--paper); }
.filter input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
#f-blocking:checked ~ table tbody tr:not(.blocking), #f-advisory:checked ~ table tbody tr:not(.advisory),
#f-waived:checked ~ table tbody tr:not(.waived), #f-unknown:checked ~ table tbody tr:not(.unknown) { display:
  none; }
@media (max-width: 40rem) { .filter thead { display: none; } .filter tr, .filter td { display: block; border: 0;
  padding: .1rem 0; }
  .filter tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } body { padding: 1rem .8rem 3rem; } .bar
  { grid-template-columns: 1fr; } .bar p
  { grid-column: 1; } .tile { flex-wrap: wrap; } table.diff, table.diff tbody, table.diff tr,
  table.diff th, table.diff td { display: block; width: auto; border: 0; padding: .1rem 0; }
  table.diff tr { border-bottom: 1px solid var(--line); padding: .4rem 0; } table.diff td.none { display: none; }
  table.diff td.was::before { content: "− "; color: var(--del); } table.diff td.will::before { content: "+ ";
  color: var(--add); } td, th { padding-right:
  .5rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav, .filter label, .filter input {
  display: none; }
  .plan, .card, li, tr { break-inside: avoid; } details { display: block; } }
"""
