// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_card.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/panels/colour_scale.h"
#include "ui/panels/expert_words.h"
#include "ui/panels/marks.h"
#include "ui/panels/revive_line.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kRefreshMs = 500, kSparkPoints = 120, kMostDomains = 8;
constexpr std::size_t kMostTokens = 12, kMostFellows = 6;

class SelectionSquare : public QWidget {
 public:
  explicit SelectionSquare(QWidget* parent) : QWidget(parent) {
    setFixedSize(Theme::instance().px(12), Theme::instance().px(12));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    drawSelectionSquare(painter, rect());
  }
};

void ink(QLabel* label, Type type, Role role) {
  label->setFont(Theme::instance().font(type));
  QPalette palette = label->palette();
  palette.setColor(QPalette::WindowText, Theme::instance().color(role));
  label->setPalette(palette);
}

QVBoxLayout* columnOf(QWidget* widget, int spacing) {
  auto* column = new QVBoxLayout(widget);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(Theme::instance().px(spacing));
  return column;
}

}  // namespace

ExpertCard::ExpertCard(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  setAccessibleName(tr("Expert"));
  build();
  dress();
  timer_.setSingleShot(true);
  timer_.setInterval(kRefreshMs);
  connect(&timer_, &QTimer::timeout, this, &ExpertCard::refresh);
  connect(&history, &RunHistory::updated, this, [this] {
    if (!isVisible()) return;
    if (!history_.isLive())
      refresh();
    else if (!timer_.isActive())
      timer_.start();
  });
  const auto now = [this] { refresh(); };
  connect(&history, &RunHistory::runChanged, this, now);
  connect(&selection, &Selection::primaryChanged, this, now);
  connect(&selection, &Selection::pinsChanged, this, now);
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    dress();
    refresh();
  });
  refresh();
}

void ExpertCard::build() {
  auto* column = columnOf(this, 4);
  const int side = Theme::instance().px(16);
  column->setContentsMargins(side, Theme::instance().px(12), side, Theme::instance().px(16));

  empty_ = new QWidget(this);
  auto* emptyColumn = columnOf(empty_, 10);
  emptyText_ = new QLabel(empty_);
  emptyText_->setWordWrap(true);
  open_ = new QPushButton(tr("Open it"), empty_);
  emptyColumn->addWidget(emptyText_);
  emptyColumn->addWidget(open_, 0, Qt::AlignLeft);
  connect(open_, &QPushButton::clicked, this, [this] { selection_.select(suggested_); });

  about_ = new QWidget(this);
  auto* about = columnOf(about_, 4);
  auto* head = new QHBoxLayout;
  head->setSpacing(8);
  name_ = new QLabel(about_);
  pin_ = new IconButton(Icon::pin, tr("Pin this expert (P)"), about_);
  pin_->setCheckable(true);
  connect(pin_, &IconButton::clicked, this, [this] {
    if (selection_.primary()) selection_.togglePin(*selection_.primary());
  });
  head->addWidget(new SelectionSquare(about_));
  head->addWidget(name_, 1);
  head->addWidget(pin_);
  about->addLayout(head);
  auto* figure = new QHBoxLayout;
  figure->setSpacing(10);
  ratio_ = new QLabel(about_);
  trend_ = new QLabel(about_);
  trend_->setTextFormat(Qt::RichText);
  figure->addWidget(ratio_);
  figure->addWidget(trend_, 1, Qt::AlignBottom);
  about->addLayout(figure);
  share_ = new QLabel(about_);
  share_->setWordWrap(true);  // with drops it is longer than the dock is wide
  about->addWidget(share_);
  spark_ = new Sparkline(about_);
  about->addWidget(spark_);
  revive_ = new ReviveLine(history_, about_);
  about->addWidget(revive_);
  about->addSpacing(Theme::instance().px(6));
  noProbe_ = new QLabel(tr("Domains and tokens are measured at the first probe."), about_);
  noProbe_->setWordWrap(true);
  about->addWidget(noProbe_);

  described_ = new QWidget(about_);
  auto* described = columnOf(described_, 4);
  domainTitle_ = new SectionTitle(tr("Domains it serves"), described_);
  domains_ = new DomainBars(described_);
  tokenTitle_ = new SectionTitle(tr("Top tokens"), described_);
  tokens_ = new ChipFlow(true, false, described_);
  fellowTitle_ = new SectionTitle(tr("Fires together with"), described_);
  fellows_ = new ChipFlow(false, true, described_);
  fellows_->setAccessibleName(tr("Fires together with"));
  for (QWidget* part :
       {static_cast<QWidget*>(domainTitle_), static_cast<QWidget*>(domains_), static_cast<QWidget*>(tokenTitle_),
        static_cast<QWidget*>(tokens_), static_cast<QWidget*>(fellowTitle_), static_cast<QWidget*>(fellows_)}) {
    if (part == tokenTitle_ || part == fellowTitle_) described->addSpacing(Theme::instance().px(8));
    described->addWidget(part);
  }
  connect(fellows_, &ChipFlow::clicked, this, [this](int index) {
    // The probe may be another one by now; what is clicked is what the chip says.
    if (const auto ref = selection_.primary())
      selection_.select(ExpertRef{ref->layer, fellowExperts_[static_cast<std::size_t>(index)]});
  });
  tooFew_ = new QWidget(about_);
  auto* few = columnOf(tooFew_, 6);
  fewText_ = new QLabel(tooFew_);
  fewText_->setWordWrap(true);
  fewBar_ = new QProgressBar(tooFew_);
  fewBar_->setRange(0, kFairSample);
  fewBar_->setTextVisible(false);
  few->addWidget(fewText_);
  few->addWidget(fewBar_);
  about->addWidget(tooFew_);
  about->addWidget(described_);

  column->addWidget(empty_);
  column->addWidget(about_);
  column->addSpacing(Theme::instance().px(8));
  pinTitle_ = new SectionTitle(tr("Pinned"), this);
  pins_ = new PinnedList(this);
  connect(pins_, &PinnedList::clicked, this, [this](const ExpertRef& ref) { selection_.select(ref); });
  column->addWidget(pinTitle_);
  column->addWidget(pins_);
  column->addStretch(1);
}

void ExpertCard::dress() {
  ink(name_, Type::card15, Role::text);
  ink(ratio_, Type::ratio28, Role::text);
  ink(trend_, Type::caption12, Role::text2);
  ink(share_, Type::caption12, Role::text2);
  ink(emptyText_, Type::control13, Role::text2);
  ink(fewText_, Type::caption12, Role::text2);
  ink(noProbe_, Type::caption12, Role::text3);
  trend_->setContentsMargins(0, 0, 0, Theme::instance().px(5));
  fewBar_->setFixedHeight(Theme::instance().px(4));
}

QSize ExpertCard::sizeHint() const { return {Theme::instance().px(288), QWidget::sizeHint().height()}; }

std::optional<ExpertRef> ExpertCard::busiest(const WindowLoads& loads) {
  std::optional<ExpertRef> best;
  double most = -1;
  for (int l = 0; l < static_cast<int>(loads.layers.size()); ++l) {
    for (int e = 0; e < static_cast<int>(loads.layers[static_cast<std::size_t>(l)].load.size()); ++e) {
      const double ratio = loads.ratio(l, e);
      if (!(ratio > most)) continue;
      most = ratio;
      best = ExpertRef{l, e};
    }
  }
  return best;
}

void ExpertCard::refresh() {
  loads_ = history_.window();
  const auto ref = selection_.primary();
  const bool known = ref && std::isfinite(loads_.ratio(ref->layer, ref->expert));
  about_->setVisible(known);
  empty_->setVisible(!known);
  if (known)
    showExpert(*ref);
  else
    showNothing();
  showPins();
}

void ExpertCard::showNothing() {
  const auto best = busiest(loads_);
  open_->setVisible(best.has_value());
  if (best) {
    suggested_ = *best;
    emptyText_->setText(tr("Click a square. The busiest expert right now is %1.").arg(expertName(*best)));
  } else {
    emptyText_->setText(history_.hasRun() ? tr("Press Space to train, then click a square to meet an expert.")
                                          : tr("No run is open. Start one to meet its experts."));
  }
}

void ExpertCard::showExpert(const ExpertRef& ref) {
  const double ratio = loads_.ratio(ref.layer, ref.expert);
  const auto experts = static_cast<double>(loads_.layers[static_cast<std::size_t>(ref.layer)].load.size());
  name_->setText(expertName(ref));
  ratio_->setText(formatRatio(ratio));
  const QString trend = trendWord(expertTrend(history_, ref));
  QString words = tr("fair share");
  if (!trend.isEmpty())
    words += QStringLiteral(", <span style='font-weight:600;color:%1'>%2</span>")
                 .arg(Theme::instance().color(Role::text).name(), trend);
  trend_->setText(words);
  QString share =
      tr("%1 of choices · noise ±%2").arg(formatPercent(ratio / experts), formatFixed(noiseBand(loads_.noise()), 2));
  if (const double dropped = loads_.dropped(ref.layer, ref.expert); dropped > 0)
    share += tr(" · %1 dropped").arg(formatPercent(dropped, dropped < 0.0995 ? 1 : 0));
  share_->setText(share);
  spark_->setPoints(shareSeries(history_, ref, kSparkPoints));
  spark_->setAccessibleName(tr("Share of %1 over the run").arg(expertName(ref)));
  const bool pinned = selection_.pinIndex(ref) >= 0;
  pin_->setChecked(pinned);
  pin_->setAccessibleName(pinned ? tr("Unpin this expert (P)") : tr("Pin this expert (P)"));
  pin_->setToolTip(pin_->accessibleName());
  revive_->show(ref, ratio);
  showProbe(ref);
}

std::vector<DomainBars::Row> ExpertCard::domainRows(const protocol::ProbeReport& probe, const protocol::RunInfo& info,
                                                    const ExpertRef& ref) {
  const std::size_t domains = probe.domains.size(), experts = static_cast<std::size_t>(probe.experts);
  const std::size_t layer = static_cast<std::size_t>(ref.layer), base = layer * experts * domains;
  std::vector<DomainBars::Row> rows;
  if (probe.counts.size() < base + experts * domains || static_cast<std::size_t>(ref.expert) >= experts) return rows;
  const bool corpus = info.corpus_share.size() == domains;
  double all = 0;
  std::vector<double> text(domains, 0.0);
  for (std::size_t e = 0; e < experts; ++e) {
    for (std::size_t d = 0; d < domains; ++d) {
      text[d] += static_cast<double>(probe.counts[base + e * domains + d]);
      all += static_cast<double>(probe.counts[base + e * domains + d]);
    }
  }
  double sum = 0;
  for (std::size_t d = 0; d < domains; ++d) {
    const double tick = corpus ? info.corpus_share[d] : all > 0 ? text[d] / all : 0;
    const auto mine = static_cast<double>(probe.counts[base + static_cast<std::size_t>(ref.expert) * domains + d]);
    const double share = text[d] > 0 ? mine / text[d] * tick : 0;
    sum += share;
    rows.push_back({QString::fromStdString(probe.domains[d]), share, tick});
  }
  if (sum <= 0) return {};
  for (auto& row : rows) row.share /= sum;
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  return rows;
}

void ExpertCard::showProbe(const ExpertRef& ref) {
  const auto probe = history_.probe();
  const auto index = static_cast<std::size_t>(probe ? ref.layer * probe->experts + ref.expert : 0);
  const bool measured = probe && ref.expert < probe->experts && index < probe->seen.size();
  const qint64 seen = measured ? probe->seen[index] : 0;
  noProbe_->setVisible(!measured);
  described_->setVisible(measured && seen >= kFairSample);
  tooFew_->setVisible(measured && seen < kFairSample);
  if (!measured) return;
  if (seen < kFairSample) {
    fewText_->setText(
        tr("Seen %1 tokens so far — need %2 before a description is fair.").arg(formatCount(seen)).arg(kFairSample));
    fewBar_->setValue(static_cast<int>(seen));
    return;
  }
  auto rows = domainRows(*probe, history_.info(), ref);
  if (rows.size() > kMostDomains) rows.resize(kMostDomains);
  domainTitle_->setVisible(!rows.empty());
  domainTitle_->setNote(history_.info().corpus_share.size() == probe->domains.size()
                            ? tr("tick: share of corpus")
                            : tr("tick: share of held-out text"));
  domains_->setRows(std::move(rows));
  std::vector<ChipFlow::Chip> tokens, fellows;
  if (index < probe->top_tokens.size()) {
    for (const auto& token : probe->top_tokens[index]) {
      if (tokens.size() < kMostTokens)
        tokens.push_back({visibleToken(QString::fromStdString(token.piece)), formatCount(token.count)});
    }
  }
  fellowExperts_.clear();
  if (index < probe->fellows.size()) {
    for (const auto& fellow : probe->fellows[index]) {
      if (fellows.size() == kMostFellows) break;
      fellows.push_back({QStringLiteral("E%1").arg(fellow.expert + 1), formatFixed(fellow.ratio, 1) + QChar(0x00D7)});
      fellowExperts_.push_back(fellow.expert);
    }
  }
  tokenTitle_->setNote(tr("of %1 seen").arg(formatCount(seen)));
  fellowTitle_->setVisible(!fellows.empty());
  fellowTitle_->setNote(tr("against chance"));
  tokens_->setChips(std::move(tokens));
  fellows_->setChips(std::move(fellows));
}

void ExpertCard::showPins() {
  std::vector<PinnedList::Row> rows;
  for (std::size_t i = 0; i < selection_.pins().size(); ++i) {
    const auto& pin = selection_.pins()[i];
    if (!pin) continue;
    rows.push_back({static_cast<int>(i), *pin, loads_.ratio(pin->layer, pin->expert),
                    shareSeries(history_, *pin, kSparkPoints / 2)});
  }
  pinTitle_->setVisible(!rows.empty());
  pinTitle_->setNote(tr("%1 of %2").arg(rows.size()).arg(Theme::kPins));
  pins_->setVisible(!rows.empty());
  pins_->setRows(std::move(rows));
}

PanelTable ExpertCard::table() const {
  PanelTable out;
  out.columns = {"expert", "figure", "of", "value"};
  const auto ref = selection_.primary();
  if (!ref) return out;
  const QString name = expertName(*ref);
  const double ratio = loads_.ratio(ref->layer, ref->expert);
  out.rows.push_back({name, "ratio", "fair share", csvNumber(ratio)});
  out.rows.push_back({name, "noise_sd", "fair share", csvNumber(loads_.noise())});
  for (const auto& row : domains_->rows()) out.rows.push_back({name, "domain_share", row.name, csvNumber(row.share)});
  for (const auto& chip : tokens_->chips()) out.rows.push_back({name, "token_count", chip.word, chip.figure});
  for (const auto& chip : fellows_->chips()) out.rows.push_back({name, "fires_with", chip.word, chip.figure});
  return out;
}

void ExpertCard::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refresh();
}

}  // namespace moe::ui
