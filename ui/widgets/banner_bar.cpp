// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/banner_bar.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QVBoxLayout>

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {

class BannerStrip : public QFrame {
 public:
  BannerStrip(const Banner& banner, BannerBar* bar) : QFrame(bar), bar_(bar) {
    setFrameShape(QFrame::NoFrame);
    const Theme& theme = Theme::instance();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(16), theme.px(6), theme.px(10), theme.px(6));
    column->setSpacing(theme.px(4));
    row_ = new QHBoxLayout;
    row_->setSpacing(theme.px(10));
    text_ = new TypeLabel(QString(), Type::control13, Role::text, this);
    text_->setWordWrap(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text_->setFocusPolicy(Qt::TabFocus);
    row_->addWidget(text_, 1);
    column->addLayout(row_);
    details_ = new QPlainTextEdit(this);
    details_->setReadOnly(true);
    details_->setFrameShape(QFrame::NoFrame);
    details_->setFixedHeight(theme.px(96));
    details_->setFont(theme.mono(12));
    details_->setAccessibleName(tr("Details"));
    details_->hide();
    column->addWidget(details_);
    setAutoFillBackground(true);
    connect(&Theme::instance(), &Theme::changed, this, &BannerStrip::dress);
    put(banner);
  }

  void dress() {
    QPalette tones = palette();
    const bool error = shown.tone == Banner::Error;
    tones.setColor(QPalette::Window, Theme::instance().color(error ? Role::errorGround : Role::flagGround));
    setPalette(tones);
  }

  void put(const Banner& banner) {
    ++count;
    shown = banner;
    ink_ = banner.tone == Banner::Error ? Role::error : Role::flagText;
    dress();
    text_->setRole(ink_);
    text_->setText(count > 1 ? tr("%1 (%2 times)").arg(banner.text).arg(count) : banner.text);
    text_->setAccessibleName(text_->text());
    details_->setPlainText(banner.details);
    for (QWidget* button : buttons_) {
      button->hide();
      button->deleteLater();  // one of them may be the reason
    }
    buttons_.clear();
    for (const auto& [action, words] : banner.actions) {
      LinkButton* button = add(words);
      connect(button, &LinkButton::clicked, bar_, [bar = bar_, action = action] { emit bar->triggered(action); });
    }
    if (!banner.details.trimmed().isEmpty()) {
      LinkButton* more = add(tr("Details"));
      connect(more, &LinkButton::clicked, this, [this] { details_->setVisible(details_->isHidden()); });
    }
    LinkButton* copy = add(tr("Copy"));
    connect(copy, &LinkButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(shown.text + QLatin1Char('\n') + shown.details); });
    auto* close = new IconButton(Icon::close, tr("Dismiss this message"), this);
    connect(close, &IconButton::clicked, bar_, [bar = bar_, cause = banner.cause] { bar->remove(cause); });
    row_->addWidget(close);
    buttons_ << close;
  }

  LinkButton* button(BannerAction action) const {
    for (int i = 0; i < shown.actions.size(); ++i)
      if (shown.actions[i].first == action) return static_cast<LinkButton*>(buttons_[i]);
    return nullptr;
  }

  Banner shown;
  int count = 0;

 private:
  LinkButton* add(const QString& words) {
    auto* button = new LinkButton(words, ink_, this);
    row_->addWidget(button);
    buttons_ << button;
    return button;
  }
  BannerBar* bar_;
  QHBoxLayout* row_;
  TypeLabel* text_;
  QPlainTextEdit* details_;
  QList<QWidget*> buttons_;
  Role ink_ = Role::error;
};

BannerBar::BannerBar(QWidget* parent) : QWidget(parent), column_(new QVBoxLayout(this)) {
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(0);
  setObjectName(QStringLiteral("bannerBar"));
  hide();
}

void BannerBar::show(const Banner& banner) {
  if (const auto it = strips_.find(banner.cause); it != strips_.end()) {
    it->second->put(banner);
  } else {
    auto* strip = new BannerStrip(banner, this);
    strips_[banner.cause] = strip;
    column_->addWidget(strip);
  }
  QWidget::show();
}

void BannerBar::remove(const QString& cause) {
  const auto it = strips_.find(cause);
  if (it == strips_.end()) return;
  it->second->hide();
  it->second->deleteLater();  // one of its own buttons may be asking
  strips_.erase(it);
  if (strips_.empty()) hide();
}

QString BannerBar::text(const QString& cause) const {
  const auto it = strips_.find(cause);
  return it == strips_.end() ? QString() : it->second->shown.text;
}

int BannerBar::count(const QString& cause) const {
  const auto it = strips_.find(cause);
  return it == strips_.end() ? 0 : it->second->count;
}

bool BannerBar::press(const QString& cause, BannerAction action) {
  const auto it = strips_.find(cause);
  LinkButton* button = it == strips_.end() ? nullptr : it->second->button(action);
  if (button) button->click();
  return button != nullptr;
}

}  // namespace moe::ui
