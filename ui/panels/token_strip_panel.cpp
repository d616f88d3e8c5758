// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/token_strip_panel.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QFontMetricsF>
#include <QHBoxLayout>
#include <QPainter>
#include <QSignalBlocker>
#include <algorithm>
#include <cmath>

#include "ui/panels/marks.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

TokenStripPanel::TokenStripPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Tokens"), history, selection, parent),
      view_(new TokenStripView(selection)),
      domains_(new QComboBox),
      colours_(new QComboBox),
      shares_(new HolderShares) {
  setBody(view_);
  domains_->setAccessibleName(tr("Text shown"));
  domains_->setFont(Theme::instance().font(Type::caption12));
  colours_->setAccessibleName(tr("Colours of tokens"));
  colours_->setFont(Theme::instance().font(Type::caption12));
  const auto way = [this](const QString& words, const QString& help, TokenColours colours) {
    colours_->addItem(words, static_cast<int>(colours));
    colours_->setItemData(colours_->count() - 1, help, Qt::ToolTipRole);
  };
  way(tr("by holder"), tr("Tokens of the selected and the pinned experts"), TokenColours::holders);
  way(tr("by choice"), tr("The first choice of each token"), TokenColours::firstChoice);
  way(tr("by doubt"), tr("How undecided the router is"), TokenColours::doubt);
  way(tr("by loss"), tr("How badly each next token is predicted"), TokenColours::loss);
  colours_->setToolTip(tr("What the colours of the tokens tell"));
  domains_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  domains_->setMinimumWidth(Theme::instance().px(90));  // a text's long name gives way in a narrow window
  colours_->setMinimumWidth(Theme::instance().px(90));
  headerLayout()->addWidget(shares_);
  headerLayout()->addWidget(domains_);
  headerLayout()->addWidget(colours_);
  shares_->hide();
  connect(domains_, &QComboBox::activated, this, [this](int index) { setDomain(domains_->itemData(index).toInt()); });
  connect(colours_, &QComboBox::activated, this,
          [this](int index) { setColours(static_cast<TokenColours>(colours_->itemData(index).toInt())); });
  connect(view_, &TokenStripView::wordsChanged, this, [this](const QString& words) {
    words_ = words;
    title();
  });
  const auto count = [this] {
    shares_->setStrips(view_->tokenLayout().strips(), selection_);
    title();
  };
  connect(&selection, &Selection::primaryChanged, this, count);
  connect(&selection, &Selection::pinsChanged, this, count);
  title();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
TokenStripPanel::~TokenStripPanel() { view_->disconnect(this); }

void TokenStripPanel::setDomain(int domain) {
  if (domain == domain_) return;
  domain_ = domain;
  refresh();
  emit domainChanged(domain);
}

void TokenStripPanel::setColours(TokenColours colours) {
  if (colours == view_->colours()) return;
  view_->setColours(colours);
  colours_->setCurrentIndex(colours_->findData(static_cast<int>(colours)));
  title();
  emit coloursChanged();
}

void TokenStripPanel::setLarge(bool large) {
  view_->setLarge(large);
  shares_->setVisible(large);
  domains_->setVisible(!large);
  colours_->setVisible(!large);
  title();
}

void TokenStripPanel::fillDomains() {
  QStringList names;
  QList<int> numbers;
  const auto probe = history_.probe();
  const auto strips = probe ? probe->strips.size() : 0;
  names << (strips == 1 ? tr("1 domain") : tr("%1 domains").arg(strips));
  numbers << kAllDomains;
  for (std::size_t s = 0; s < strips; ++s) {
    names << QString::fromStdString(probe->strips[s].title);
    numbers << static_cast<int>(s);
  }
  if (history_.ownTrace()) {
    names << tr("my text");
    numbers << kOwnText;
  }

  QStringList shown;
  for (int i = 0; i < domains_->count(); ++i) shown << domains_->itemText(i);
  const QSignalBlocker quiet(domains_);
  if (shown != names && !domains_->view()->isVisible()) {  // an open list must not change under the pointer
    domains_->clear();
    for (qsizetype i = 0; i < names.size(); ++i) domains_->addItem(names[i], numbers[i]);
  }
  domains_->setCurrentIndex(std::max(0, domains_->findData(domain_)));
}

void TokenStripPanel::refresh() {
  fillDomains();
  std::vector<Strip> strips;
  const auto probe = history_.probe();
  if (const auto own = history_.ownTrace(); own && (domain_ == kOwnText || domain_ == kAllDomains))
    strips.push_back({-1, own});
  if (probe && domain_ != kOwnText) {
    for (std::size_t s = 0; s < probe->strips.size(); ++s) {
      if (domain_ != kAllDomains && domain_ != static_cast<int>(s)) continue;
      strips.push_back({static_cast<int>(s), {probe, &probe->strips[s]}});  // shares the probe's lifetime
    }
  }
  view_->setEmptyText(history_.hasRun()
                          ? tr("Held-out text appears here at the first probe. Press <b>Space</b> to train.")
                          : tr("No run is open."));
  view_->setStrips(std::move(strips));
  shares_->setStrips(view_->tokenLayout().strips(), selection_);
  title();
}

void TokenStripPanel::title() {
  QString text = words_;
  const bool probabilities = std::any_of(view_->tokenLayout().strips().begin(), view_->tokenLayout().strips().end(),
                                         [](const Strip& strip) { return !strip.trace->probabilities.empty(); });
  if (text.isEmpty()) {
    switch (view_->colours()) {
      case TokenColours::holders:
        text = tr("held-out text, coloured by the selected and pinned experts");
        break;
      case TokenColours::firstChoice:
        text = tr("first choice in layer %1").arg(layerNumber(selection_.layer()));
        break;
      case TokenColours::doubt:
        text =
            probabilities
                ? tr("router's doubt in layer %1: dark is sure, bright undecided").arg(layerNumber(selection_.layer()))
                : tr("router probabilities were not sent for this text, so doubt is unavailable");
        break;
      case TokenColours::loss:
        text = tr("loss of each token: dark 0, bright 6 nats");
        break;
    }
  }
  setSubtitle(text);
}

PanelTable TokenStripPanel::table() const {
  PanelTable out;
  out.columns = {"text", "position", "token", "loss", "layer", "rank", "expert", "weight"};
  for (const Strip& strip : view_->tokenLayout().strips()) {
    const protocol::Trace& trace = *strip.trace;
    const auto k = static_cast<std::size_t>(trace.top_k), tokens = trace.pieces.size();
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t l = 0; l < static_cast<std::size_t>(trace.layers); ++l) {
        for (std::size_t c = 0; c < k; ++c) {
          const std::size_t at = (l * tokens + t) * k + c;
          if (at >= trace.experts_of.size() || trace.experts_of[at] < 0) continue;
          out.rows.push_back(
              {QString::fromStdString(trace.title), QString::number(t + 1), QString::fromStdString(trace.pieces[t]),
               t < trace.token_loss.size() ? csvNumber(trace.token_loss[t]) : QString(), QString::number(l + 1),
               QString::number(c + 1), QString::number(trace.experts_of[at] + 1),
               at < trace.weights.size() ? csvNumber(static_cast<double>(trace.weights[at])) : QString()});
        }
      }
    }
  }
  return out;
}

void HolderShares::setStrips(const std::vector<Strip>& strips, const Selection& selection) {
  std::vector<Entry> entries;
  const auto add = [&](const ExpertRef& ref, int pin) {
    qint64 mine = 0, all = 0;
    for (const Strip& strip : strips) {
      all += strip.trace->tokens();
      for (int t = 0; t < strip.trace->tokens(); ++t) mine += rankOf(*strip.trace, ref.layer, t, ref.expert) >= 0;
    }
    if (all > 0)
      entries.push_back({pin, expertName(ref), formatPercent(static_cast<double>(mine) / static_cast<double>(all), 0)});
  };
  if (selection.primary()) add(*selection.primary(), -1);
  for (std::size_t i = 0; i < selection.pins().size(); ++i) {
    if (selection.pins()[i]) add(*selection.pins()[i], static_cast<int>(i));
  }
  if (entries == entries_) return;
  entries_ = std::move(entries);
  updateGeometry();
  update();
}

QSize HolderShares::sizeHint() const {
  const Theme& theme = Theme::instance();
  QFont bold = theme.font(Type::figure12);
  bold.setWeight(QFont::DemiBold);
  const QFontMetricsF plain(theme.font(Type::caption12)), heavy(bold);
  double width = 0;
  for (const Entry& entry : entries_)
    width += theme.px(16) + plain.horizontalAdvance(entry.name + QLatin1Char(' ')) +
             heavy.horizontalAdvance(entry.share) + theme.px(16);
  return {static_cast<int>(std::ceil(width)), theme.px(20)};
}

void HolderShares::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  QFont bold = theme.font(Type::figure12);
  bold.setWeight(QFont::DemiBold);
  const QFontMetricsF metrics(theme.font(Type::caption12));
  const double middle = height() / 2.0, baseline = middle + (metrics.ascent() - metrics.descent()) / 2;
  double x = 0;
  for (const Entry& entry : entries_) {
    const double size = theme.px(10);
    if (entry.pin < 0)
      drawSelectionSquare(painter, QRectF(x, middle - size / 2, size, size));
    else
      drawPin(painter, entry.pin, QPointF(x + size / 2, middle), size);
    x += theme.px(16);
    painter.setPen(theme.color(Role::text));
    painter.setFont(theme.font(Type::caption12));
    x = drawRun(painter, x, baseline, entry.name + QLatin1Char(' '));
    painter.setFont(bold);
    x = drawRun(painter, x, baseline, entry.share) + theme.px(16);
  }
}

}  // namespace moe::ui
