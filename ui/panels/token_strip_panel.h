// SPDX-License-Identifier: GPL-3.0-or-later
// Token strip: held-out text of each domain and the user's own text, with a filter and a choice of colours.
#pragma once
#include "ui/panels/token_strip_view.h"
#include "ui/widgets/panel.h"

class QComboBox;

namespace moe::ui {

class HolderShares;

class TokenStripPanel : public Panel {
  Q_OBJECT
 public:
  TokenStripPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~TokenStripPanel() override;
  PanelTable table() const override;
  TokenStripView* view() const { return view_; }

  static constexpr int kAllDomains = -1, kOwnText = -2;
  /// Number of a strip of the probe, or one of the two above.
  void setDomain(int domain);
  int domain() const { return domain_; }
  void setColours(TokenColours colours);
  /// As in Inspect: larger type, one column, with the share of the shown tokens that each holder takes.
  void setLarge(bool large);

 signals:
  void domainChanged(int domain);
  void coloursChanged();

 protected:
  void refresh() override;

 private:
  void fillDomains();
  void title();
  TokenStripView* view_;
  QComboBox* domains_;
  QComboBox* colours_;
  HolderShares* shares_;
  int domain_ = kAllDomains;
  QString words_;
};

/// "▢ L3·E11 38 %  ● L2·E5 9 %": how many of the shown tokens reach the selected and the pinned experts.
class HolderShares : public QWidget {
  Q_OBJECT
 public:
  explicit HolderShares(QWidget* parent = nullptr) : QWidget(parent) {}
  void setStrips(const std::vector<Strip>& strips, const Selection& selection);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  struct Entry {
    int pin;  // −1 = the selection
    QString name, share;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries_;
};

}  // namespace moe::ui
